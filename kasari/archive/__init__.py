"""What `kasari archive` does on the machine that the harmonizer runs on."""
