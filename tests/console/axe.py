"""What axe finds on a page; see ops/console/axe.py."""

from ops.console.axe import axe

__all__ = ["axe"]
