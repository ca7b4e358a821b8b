"""What happens to a call for help. Pure: Signals and time in, Decisions out."""
