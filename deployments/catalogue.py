"""Every deployment of this installation: which flow, under which name, when.

Quarter-hours are UTC: in local time, cron would leave two hours out in autumn. What runs once a day keeps the
household's hours.
"""

from deployments.keeping import Deployed, local_cron, utc_cron
from flows.backup import backup
from flows.evaluate import evaluate
from flows.import_pictures import import_pictures
from flows.ingest import ingest
from flows.keep_home import keep_home
from flows.report import report
from flows.reread import reread
from flows.restore import restore
from flows.watch import watch
from tasks.settings import Settings


def catalogue(settings: Settings) -> tuple[Deployed, ...]:
    """What this installation serves.

    Raises:
        SettingsError: A schedule of the settings is no cron.
    """
    times = settings.schedule
    return (
        Deployed(ingest, "home", utc_cron(times.ingest), at_start=True),
        Deployed(watch, "home", utc_cron(times.watch)),
        Deployed(backup, "home", local_cron(times.backup, settings.timezone)),
        Deployed(keep_home, "home", local_cron(times.keep_home, settings.timezone)),
        Deployed(evaluate, "home", None),
        Deployed(import_pictures, "home", None),
        Deployed(report, "home", None),
        Deployed(reread, "home", None),
        Deployed(restore, "home", None),
    )
