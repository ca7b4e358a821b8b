"""Wire protocols that carry many devices, one file (or one family of files) each."""
