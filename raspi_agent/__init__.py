"""The program on the Raspberry Pi: camera, outbox, upload. Needs neither Prefect nor numpy."""
