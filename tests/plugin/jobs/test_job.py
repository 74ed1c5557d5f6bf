"""Background calls, without a window."""

from __future__ import annotations

import threading

import pytest

import napari_convolve as nc
from napari_convolve.plugin.jobs.job import Job, sentence


def test_a_value_comes_out_and_the_call_is_let_go() -> None:
    job = Job(lambda progress: progress(1, 2) or 42, "answer")
    job()
    assert job.outcome.value == 42 and job.state == (1, 2) and repr(job) == "answer"
    assert job._call is None  # nothing holds the image any longer


def test_an_error_becomes_a_sentence_with_its_traceback_aside() -> None:
    def fail(progress):
        raise ValueError("sigma must be at least 0,\n got -1")

    job = Job(fail, "")
    job()
    assert job.outcome.error == "sigma must be at least 0, got -1"
    assert "Traceback" in job.outcome.details and job.outcome.value is None


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KeyError("x"), "KeyError: 'x'"),
        (MemoryError(), "there is not enough memory"),
        (nc.BackendUnavailable("cupy: no driver"), "cupy: no driver"),
        (ValueError(), "ValueError: "),
    ],
)
def test_sentences(error: Exception, text: str) -> None:
    assert sentence(error) == text


def test_cancel_stops_at_the_next_step() -> None:
    steps: list[int] = []

    def count(progress):
        for i in range(100):
            steps.append(i)
            if i == 3:
                job.cancel()
            progress(i, 100)

    job = Job(count, "")
    job()
    assert job.outcome.cancelled and steps == [0, 1, 2, 3]


def test_cancel_before_the_start_computes_nothing() -> None:
    job = Job(lambda progress: pytest.fail("it ran"), "")
    job.cancel()
    job()
    assert job.outcome.cancelled and not job.outcome.error


def test_a_result_that_came_after_cancel_is_dropped() -> None:
    job = Job(lambda progress: job.cancel() or 42, "")
    thread = threading.Thread(target=job)
    thread.start()
    thread.join()
    assert job.outcome.cancelled and job.outcome.value is None
