"""The kinds of lamp."""
