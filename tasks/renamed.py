"""Registers of another name in the settings: what was told of them under the former one."""

from warehouse.connection import Warehouse


def lost_words(warehouse: Warehouse) -> list[tuple[str, str]]:
    """What people told of registers that seem to have another name now, and how it counts again.

    Args:
        warehouse: Open, with the registers of the settings.
    """
    told = []
    for row in warehouse.query("lost_words").iter_rows(named=True):
        sentence = (
            f"{row['register_id']} is in the settings no more: what people told of it (events: "
            f"{row['n_events']}, readings: {row['n_readings']}) does not count for {row['now_id']}"
        )
        remedy = (
            f"If that is the same register, {_name_of(row)} again, or tell it anew: "
            "`smartmeter event list` shows what was told."
        )
        told.append((sentence, remedy))
    return told


def _name_of(row: dict[str, str]) -> str:
    meter, _, code = row["now_id"].partition("/")
    names = [f"call its table [meters.{row['meter']}]"] if meter != row["meter"] else []
    if code != row["obis_code"]:
        names.append(f'set obis_code = "{row["obis_code"]}"')
    return " and ".join(names)
