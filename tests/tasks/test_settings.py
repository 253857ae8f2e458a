from pathlib import Path

import pytest

from tasks.settings import Settings, SettingsError, load_settings

TWO = (
    "[meters.home]\ncamera = 'cellar'\ndigits = 7\nwindow = 'auto'\nregisters = [{ obis_code = '1-0:2.8.0', "
)


def test_a_home_without_a_file_has_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTMETER_HOME", str(tmp_path))
    settings = load_settings()
    assert settings.home == tmp_path
    assert settings.meters == {}
    assert settings.store.url == "file:store"


def test_the_file_is_read_and_the_environment_overrules_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTMETER_READER__MODEL", "other")
    settings = load_settings()
    assert settings.meters["home"].digits == 7
    assert settings.reader.model == "other"
    assert settings.warehouse == home / "smartmeter.duckdb"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("file:/mnt/nas/", "file:/mnt/nas"),
        ("file:store//", "file:store"),
        ("dropbox:/meter/", "dropbox:/meter"),
        ("dropbox:/", "dropbox:/"),
    ],
)
def test_a_store_has_one_name(home: Path, monkeypatch: pytest.MonkeyPatch, url: str, name: str) -> None:
    monkeypatch.setenv("SMARTMETER_STORE__URL", url)
    assert load_settings().store.url == name


@pytest.mark.parametrize(
    ("web_root", "folder"),
    [("", None), ("/srv/www", "/srv/www"), ("~/www", "{user}/www"), ("www", "{home}/www")],
)
def test_a_web_root_is_the_same_folder_wherever_it_is_asked(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, web_root: str, folder: str | None
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("SMARTMETER_REPORT__WEB_ROOT", web_root)
    expected = folder and Path(folder.format(user=tmp_path / "user", home=home))
    assert load_settings().web_root == expected


def test_the_folder_for_archives_is_the_users_where_it_says_so(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("SMARTMETER_BACKUP__HOME_FOLDER", "~/kept")
    assert load_settings().backups == tmp_path / "user" / "kept"


def test_a_register_knows_its_unit_and_its_span(home: Path) -> None:
    register = load_settings().register_of("home")
    assert (register.register_id, register.unit_wh, register.span_wh) == ("home/1-0:1.8.0", 100, 10**9)


def test_only_a_register_that_says_so_runs_backwards(home: Path) -> None:
    assert not load_settings().register_of("home").runs_backwards
    with (home / "smartmeter.toml").open("a") as file:
        file.write("\n[meters.old]\ncamera = 'cellar'\ndigits = 7\nruns_backwards = true\n")
    assert load_settings().register_of("old").runs_backwards


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("timezone = 'Europe/Berlon'", "timezone"),
        ("colour = 'red'", "colour"),
        ("[meters.home]\ncamera = 'cellar'\ndigits = 99", "meters.home.digits"),
        ("[meters.home]\ncamera = 'cellar'\ndigits = 7\nwindow = [1, 2, 3]", "window takes 4 numbers"),
        (f"{TWO}window = [1, 2, 3] }}]", "window takes 4 numbers"),
        (f"{TWO}digits = 3, decimals = 3, window = [1, 2, 3, 4] }}]", "decimals must be fewer"),
        (f"{TWO}digits = 6 }}]", "1-0:2.8.0 needs a window of its own"),
        ("[meters.home]\ncamera = '../cellar'\ndigits = 7", "meters.home.camera"),
        ("[meters.home]\ncamera = 'cellar'\ndigits = 3\ndecimals = 3", "decimals must be fewer"),
        ("[store]\nurl = 'file://nas/share'", "use file:FOLDER, like file:store or file:/mnt/x"),
        ("[store]\nurl = 'file:/mnt/meter#2'", "# can't be part of it"),
        ("[store]\nurl = '/mnt/x'", "use file:FOLDER"),
        ("[reader]\nbatch_size = 0", "reader.batch_size"),
        ("[report]\nlanguage = 'fr'", "report.language"),
        ("[report]\nholidays = 'DE-XX'", "write it like DE, or DE-BY"),
        ("[report]\nweb_root = '~no-such-user/www'", "there is no such user; write the whole path"),
        ("[backup]\nhome_folder = '~no-such-user/kept'", "backup.home_folder"),
        ("[report]\nmeasures = [{ name = 'LED' }]", "report.measures.0.start"),
        ("[report]\naddress = 'http://127.0.0.1:99999'", "65535"),
        ("[alerts]\ningest_hours = inf", "alerts.ingest_hours"),
        ("[alerts]\nsilent_minutes = 1e12", "alerts.silent_minutes"),
        ("[backup]\nkeep_days = inf", "backup.keep_days"),
        ("timezone = ", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_by_naming_the_fault(home: Path, line: str, named: str) -> None:
    (home / "smartmeter.toml").write_text(line)
    with pytest.raises(SettingsError, match=r"smartmeter\.toml") as refusal:
        load_settings()
    assert named in str(refusal.value)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_in_another_encoding_is_refused_with_the_remedy(home: Path, encoding: str) -> None:
    (home / "smartmeter.toml").write_text("# Zähler", encoding=encoding)
    with pytest.raises(SettingsError, match=r"smartmeter\.toml is not written in UTF-8"):
        load_settings()


def test_a_file_may_begin_with_a_byte_order_mark(home: Path) -> None:
    path = home / "smartmeter.toml"
    path.write_text(path.read_text().lstrip(), encoding="utf-8-sig")
    assert load_settings().meters["home"].digits == 7


def test_a_file_that_cannot_be_read_is_refused_with_the_remedy(home: Path) -> None:
    path = home / "smartmeter.toml"
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(SettingsError, match=r"can't be read.*as the user"):
        load_settings()


@pytest.mark.parametrize("name", ["SMARTMETER_STORE", "SMARTMETER_METERS", "SMARTMETER_REPORT__MEASURES"])
def test_a_variable_that_is_no_value_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "foo")
    with pytest.raises(SettingsError, match=f"A variable SMARTMETER_.*{name.split('_')[1].lower()}.*__URL"):
        load_settings()


def test_an_unknown_meter_is_refused_with_the_known_ones(home: Path) -> None:
    with pytest.raises(SettingsError, match=r"configured: home.*\[meters\.garage\]"):
        load_settings().register_of("garage")


def test_the_example_explains_every_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = Path(__file__).parents[2] / "deployments" / "smartmeter.example.toml"
    (tmp_path / "smartmeter.toml").write_text(example.read_text())
    monkeypatch.setenv("SMARTMETER_HOME", str(tmp_path))
    settings = load_settings()
    text = example.read_text()
    for table in ("store", "reader", "report", "server", "schedule", "backup", "alerts"):
        for name in type(getattr(settings, table)).model_fields:
            assert f"\n{name} =" in text, f"{table}.{name} is not in the example"
    for name in type(settings.meters["home"]).model_fields:
        assert f"\n{name} =" in text, f"meters.*.{name} is not in the example"
    assert set(Settings.model_fields) == {
        "home",
        "timezone",
        "store",
        "reader",
        "report",
        "schedule",
        "server",
        "backup",
        "alerts",
        "meters",
        "tariffs",
    }


def test_settings_of_the_first_release_still_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Path(__file__).with_name("first_release.toml").read_text()
    (tmp_path / "smartmeter.toml").write_text(first)
    monkeypatch.setenv("SMARTMETER_HOME", str(tmp_path))
    settings = load_settings()
    assert settings.register_of("home").digits == 7
    assert settings.schedule.ingest == "2-59/15 * * * *"
    assert (settings.backup.keep_days, settings.alerts.silent_slots) == (14, 6)
