"""Timing on a shared machine: contenders alternate, the best of each counts, ratios are printed."""

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import psutil


def machine() -> str:
    """Processor, cores, the device of JAX and the load of the last minute, in a line."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    named = (line.split(":")[1].strip() for line in lines if "model name" in line)
    processor = next(named, platform.processor() or platform.machine())
    device, load = jax.devices()[0].device_kind, os.getloadavg()[0]
    return f"{processor}, {psutil.cpu_count()} cores, {device}, load {load:.1f}"


def stolen() -> float:
    """Processor seconds that this machine's host has given to others so far; 0 where none tells."""
    return getattr(psutil.cpu_times(), "steal", 0.0)


def compete(contenders: dict[str, Callable[[], Any]], repeats: int = 5) -> dict[str, float]:
    """Best time of each contender in seconds; they take turns, so that all meet the same load."""
    for run in contenders.values():
        jax.block_until_ready(run())
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(repeats):
        for name, run in contenders.items():
            start = time.perf_counter()
            jax.block_until_ready(run())
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def show(title: str, times: dict[str, float], unit: str, count: float) -> float:
    """Print the times, the rate and the ratio of the last contender to the first; return it."""
    print(f"\n{title}")
    for name, seconds in times.items():
        print(f"  {name:<44} {seconds * 1e3:10.1f} ms   {count / seconds / 1e6:9.2f} M {unit}/s")
    names = list(times)
    ratio = times[names[-1]] / times[names[0]]
    print(f"  {names[0]} is {ratio:.1f} times faster than {names[-1]}")
    return ratio
