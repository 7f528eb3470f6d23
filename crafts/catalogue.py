"""All applications by name, which is that of their kind of exercise."""

from crafts import brandkit, course, crossstitch, diagrams, operations, storyboard
from crafts.application import Application

APPLICATIONS: dict[str, Application] = {
    each.name: each
    for each in (
        crossstitch.APPLICATION,
        storyboard.APPLICATION,
        brandkit.APPLICATION,
        operations.APPLICATION,
        diagrams.APPLICATION,
        course.APPLICATION,
    )
}
