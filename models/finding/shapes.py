"""The sizes and numbers that the finder's networks take and give."""

# The picture's longer and shorter side as the search sees it, and how many of its pixels make one cell.
SEARCH_LONG, SEARCH_SHORT, CELL = 192, 144, 4
# Per cell: whether drums are here; their middle (x, y), log length, log height, cos and sin of twice the
# angle.
SEARCH_VALUES = 7
FLIPS = ("none", "horizontal", "vertical", "both")
# Of a closer look: whether drums are here, four flips, eight corner coordinates, four margins of the band.
LOOK_VALUES = 1 + len(FLIPS) + 8 + 4
MIDDLE_UNIT = 16.0
LOOK_WIDTH, LOOK_HEIGHT = 160, 48
# The closer look sees this much more than the drums: lettering around them tells up from down.
ROOM_ACROSS, ROOM_DOWN = 1.7, 3.0
