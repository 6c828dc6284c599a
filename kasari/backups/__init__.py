"""Backups of a service: its database as it is at one moment, while it is being written to."""
