"""What crosses the wire between a centre and the archive. Both sides import only this."""
