"""What the archive does by itself, when its clock is set."""

from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from harmonizer.background import Background


def test_a_clock_that_is_set_on_makes_nobody_catch_up(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    jobs = []
    add = BackgroundScheduler.add_job

    def noting(self, *arguments, **named):  # type: ignore[no-untyped-def]
        jobs.append(add(self, *arguments, **named))
        return jobs[-1]

    monkeypatch.setattr(BackgroundScheduler, "add_job", noting)
    background = Background()
    background.every("often", 0.5, lambda: None)
    background.start()
    try:
        [job] = jobs
        later = datetime.now(UTC) + timedelta(days=1)
        assert len(job._get_run_times(later)) == 1, "of 172,800 that were missed"
        assert job.trigger.get_next_fire_time(None, later) == later + timedelta(seconds=0.5)
    finally:
        background.stop()
