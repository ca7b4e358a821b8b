"""Listeners: read, frame, hand in, reply. Thin; they decide nothing about calls."""
