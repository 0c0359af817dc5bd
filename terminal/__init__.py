"""What the command line does between click and the rooms below: times as people write them, progress, one collection."""
