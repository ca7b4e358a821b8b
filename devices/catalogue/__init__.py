"""Device families, one file each; being in this folder registers them (devices/decoding.py)."""
