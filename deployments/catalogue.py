"""Every deployment of this installation: which flow, under which name, when."""

from deployments.keeping import Deployed, utc_cron
from flows.backup import backup
from flows.import_pictures import import_pictures
from flows.ingest import ingest
from flows.keep_home import keep_home
from flows.report import report
from flows.reread import reread
from flows.restore import restore
from flows.watch import watch
from tasks.settings import Settings


def catalogue(settings: Settings) -> tuple[Deployed, ...]:
    """What this installation serves."""
    return (
        Deployed(ingest, "home", utc_cron(settings.schedule.ingest)),
        Deployed(backup, "home", utc_cron(settings.schedule.backup)),
        Deployed(watch, "home", utc_cron(settings.schedule.watch)),
        Deployed(keep_home, "home", utc_cron(settings.schedule.keep_home)),
        Deployed(import_pictures, "home", None),
        Deployed(report, "home", None),
        Deployed(restore, "home", None),
        Deployed(reread, "home", None),
    )
