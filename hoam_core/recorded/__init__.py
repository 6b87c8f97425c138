"""Populations recorded by others: from their files to a system (docs/own_data.md)."""

from hoam_core.recorded.collection import Collection
from hoam_core.recorded.learning import judge, learn_recorded
from hoam_core.recorded.reader import Reading, read_recording, read_recordings
from hoam_core.recorded.recordings import Recording, collect, with_values

__all__ = [
    "Collection", "Reading", "Recording", "collect", "judge", "learn_recorded", "read_recording",
    "read_recordings", "with_values",
]  # fmt: skip
