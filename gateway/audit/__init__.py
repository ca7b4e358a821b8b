"""Who did what about which record, apart from what passes through deciding."""
