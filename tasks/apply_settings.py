"""Registers and tariffs of the settings, brought into the warehouse."""

from tasks.drums import changed_drums
from tasks.renamed import lost_words
from tasks.settings import Settings
from tasks.tariffs import lost_tariffs, register_rows, tariff_rows
from warehouse.connection import Warehouse
from warehouse.loading import load_registers
from warehouse.tariffs import load_tariffs


def apply_settings(settings: Settings, warehouse: Warehouse) -> list[str]:
    """Bring registers and tariffs up to date; return a sentence, with its remedy, for what that loses.

    Args:
        settings: Of the installation.
        warehouse: Open for writing, with today's schema.
    """
    if not settings.meters:
        return []
    registers = register_rows(settings)
    sentences = changed_drums(warehouse, registers)
    lost = lost_words(warehouse) if load_registers(warehouse, registers) else []
    if load_tariffs(warehouse, *tariff_rows(settings)):
        lost += lost_tariffs(settings, warehouse)
    return sentences + [f"{sentence}. {remedy}" for sentence, remedy in lost]
