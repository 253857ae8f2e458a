"""How the reader is trained: pool of strips, stem, whole model, export; `python -m models.training`."""
