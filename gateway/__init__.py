"""The shell: all I/O, almost no decisions. Imports alerts and devices."""

__version__ = "0.1.0"
