"""Medians and ratios, as JSON for programs and Markdown for people."""
import json
import os
import platform
import statistics

REFERENCE = "ext4"
METRICS = [
    ("deviceBytesPerByte", "Device bytes written per byte stored", "{:.2f}"),
    ("daemonCpuMicroseconds", "Daemon CPU per operation (user + system, µs)", "{:.1f}"),
    ("machineCpuMicroseconds", "CPU of the whole machine per operation, the load generator included (µs)", "{:.1f}"),
    ("p50Microseconds", "Median latency (µs)", "{:.0f}"),
    ("p99Microseconds", "99th percentile of the latency (µs)", "{:.0f}"),
]
# Where we want to be: profile, least ratio against the reference.
TARGETS = {
    "overwrite-fsync-1": 1.5, "overwrite-fsync-8": 2.5, "createsync-1": 2.0, "seq-write-incompressible": 0.9, "seq-read-incompressible": 0.9,
    "seq-write-compressible": 1.0, "seq-read-compressible": 1.0,
}
# Least ratio against the same transport over a filesystem in memory.
CEILING_TARGETS = {"create-1": 0.8, "unlink-1": 0.8, "create-4": 0.8, "unlink-4": 0.8}
BYTE_TARGETS = {"seq-write-incompressible": 1.15, "overwrite-fsync-1": 2.2}
NOTE = """Every filesystem has an image file of the same size on the same filesystem below. The kernel's are mounted through a loop device with direct I/O, so each of
their requests passes the loop driver's worker; txlfs opens its image file itself, with direct I/O where the filesystem below allows it, and has the way through FUSE instead.
Every block of the images was written once before, as on a card, and nobody discards: else the allocation of the filesystem below would be part of what is measured.
Bytes written are counted at the loop device and in the daemon's `/proc/PID/io`; both are what reaches the image file. Each value is the median of the rounds; the rounds go
through the filesystems in turn. memory-uring and memory-dev are our transport over a filesystem in memory, its ceiling; memory-c is the same in C on libfuse. Ratios are against ext4, turned round for times, so that more is always better."""


def medians(samples):
    """{profile: {filesystem: [result, ...]}} to {profile: {filesystem: result of medians}}."""
    out = {}
    for profile, by_filesystem in samples.items():
        out[profile] = {}
        for name, results in by_filesystem.items():
            good = [result for result in results if "error" not in result]
            if not good:
                out[profile][name] = results[0]
                continue
            out[profile][name] = {key: statistics.median(result[key] for result in good) if isinstance(value, (int, float)) else value
                                  for key, value in good[0].items()}
            out[profile][name]["rounds"] = len(good)
            failed = len(results) - len(good)
            if failed:
                out[profile][name]["failedRounds"] = failed
    return out


def ratio(results, name):
    base, own = results.get(REFERENCE, {}), results.get(name, {})
    if not base.get("value") or not own.get("value"):
        return None
    return base["value"] / own["value"] if own["unit"] == "s" else own["value"] / base["value"]


def cell(results, name):
    result = results.get(name)
    if result is None:
        return "-"
    if "error" in result:
        return "failed"
    value = result["value"]
    shown = f"{value:.2f}" if value < 10 else f"{value:,.0f}"
    against = ratio(results, name)
    return shown if against is None or name == REFERENCE else f"{shown} ({against:.2f})"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def targets(results, names):
    rows = []
    for name in (name for name in names if name.startswith("txlfs")):
        for profile, least in TARGETS.items():
            against = ratio(results.get(profile, {}), name)
            if against is not None:
                rows.append([name, profile, f"at least {least:.2f} of ext4", f"{against:.2f}", "met" if against >= least else "**missed**"])
        for profile, least in CEILING_TARGETS.items():
            ceiling = results.get(profile, {}).get(name.replace("txlfs", "memory"), {}).get("value")
            own = results.get(profile, {}).get(name, {}).get("value")
            if ceiling and own:
                rows.append([name, profile, f"at least {least:.2f} of the transport's ceiling", f"{own / ceiling:.2f}", "met" if own / ceiling >= least else "**missed**"])
        for profile, most in BYTE_TARGETS.items():
            per_byte = results.get(profile, {}).get(name, {}).get("deviceBytesPerByte")
            if per_byte is not None:
                rows.append([name, profile, f"at most {most:.2f} device bytes a byte", f"{per_byte:.2f}", "met" if per_byte <= most else "**missed**"])
    return rows


def markdown(results, names, memory, arguments):
    parts = ["# txlfs against the kernel's filesystems\n", f"{arguments}; {os.cpu_count()} processors ({platform.machine()}), Linux {platform.release()}.\n", NOTE + "\n"]
    rows = [[profile, next((r["unit"] for r in by.values() if "unit" in r), ""), *(cell(by, name) for name in names)] for profile, by in results.items()]
    parts.append(table(["profile", "unit", *names], rows))
    goals = targets(results, names)
    if goals:
        parts += ["## Where we want to be\n", table(["filesystem", "profile", "mark", "measured", ""], goals)]
    for key, title, form in METRICS:
        rows = [[profile, *(form.format(by[name][key]) if key in by.get(name, {}) else "-" for name in names)]
                for profile, by in results.items() if any(key in result for result in by.values())]
        if rows:
            parts += [f"## {title}\n", table(["profile", *names], rows)]
    parts += ["## Peak memory of the daemon (MiB)\n", table(["filesystem", "VmHWM"], [[name, f"{peak / (1 << 20):.0f}"] for name, peak in memory.items()])]
    errors = [f"- {profile} on {name}: {result['error']}" for profile, by in results.items() for name, result in by.items() if "error" in result]
    if errors:
        parts += ["## Failures\n", "\n".join(errors) + "\n"]
    return "\n".join(parts)


def write(directory, samples, names, memory, arguments):
    os.makedirs(directory, exist_ok=True)
    results = medians(samples)
    with open(os.path.join(directory, "bench.json"), "w") as file:
        json.dump({"arguments": arguments, "medians": results, "samples": samples, "peakMemoryBytes": memory}, file, indent=1)
    text = markdown(results, names, memory, arguments)
    with open(os.path.join(directory, "bench.md"), "w") as file:
        file.write(text)
    return text
