"""The commands of `smartmeter`, a module for each room."""
