"""Referrals: made, confirmed, delivered, answered, with their clocks."""
