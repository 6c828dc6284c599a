"""Dose and quality of courses in folders, without any server."""
