"""What stands in for the outside world in tests and in `smartmeter demo`; nothing leaves the machine."""
