"""Telecare: routing of calls for help. Intended purpose: alarm handling; no vital sign is read."""
