"""Drawn meters: random counters to train the reader with, and whole camera frames for the demo."""
