"""Kind `generate`: each planned run is recorded with the parameters that were asked for."""

from grading.checks.kind import KindChecks
from grading.checks.runs import check_runs, run_pictures

KIND = KindChecks(check_runs, pictures=run_pictures)
