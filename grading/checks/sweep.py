"""Kind `sweep`: each run is recorded as planned. That runs change one parameter is the loader's rule."""

from grading.checks.kind import KindChecks
from grading.checks.runs import check_runs, run_pictures

KIND = KindChecks(check_runs, pictures=run_pictures)
