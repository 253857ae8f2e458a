"""A Dropbox in memory, over real HTTPS, for the unmodified SDK and any other client of the API.

What it answers follows the descriptions in the SDK's own API stubs, which are Dropbox's words; see
docs/decisions/0007-own-dropbox-emulator.md.
"""
