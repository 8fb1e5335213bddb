"""Import the models of torchvision and timm, and note for each whether its spec is proven.

    python -m tests.census --output census.json                     # all of them
    python -m tests.census --output census.json --size 64 timm:resnet50 torchvision:vgg16

Each model is imported in a process of its own, with a limit of memory and of time. The file is
written after each model; a model that is in it is not imported again.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

MEMORY = 24 << 30  # bytes of address space that an import may have
SECONDS = 1800
# The fixed sample that the long tests import and prove, at 64x64 where no size is given.
SAMPLE: dict[str, int] = {
    **dict.fromkeys(
        [
            *[f"torchvision:{name}" for name in ("alexnet", "densenet121", "efficientnet_b0")],
            *[f"torchvision:{name}" for name in ("mnasnet0_5", "mobilenet_v2", "resnet18")],
            *[f"torchvision:{name}" for name in ("mobilenet_v3_small", "regnet_x_400mf")],
            *[f"torchvision:{name}" for name in ("shufflenet_v2_x0_5", "squeezenet1_1")],
            *[f"torchvision:{name}" for name in ("convnext_tiny", "vgg11_bn", "googlenet")],
            *[f"torchvision:{name}" for name in ("resnext50_32x4d", "efficientnet_v2_s")],
            *[f"timm:{name}" for name in ("resnetv2_50", "ghostnet_100", "dla34", "repvgg_a0")],
            *[f"timm:{name}" for name in ("mixnet_s", "xception41", "res2net50_26w_4s")],
            *[f"timm:{name}" for name in ("gcresnet50t", "eca_resnet33ts", "poolformer_s12")],
            *[f"timm:{name}" for name in ("efficientnet_lite0", "seresnet50", "cspresnet50")],
            *[f"timm:{name}" for name in ("mobilenetv4_conv_small", "dpn48b", "hardcorenas_a")],
            *[f"timm:{name}" for name in ("fbnetc_100", "spnasnet_100", "tinynet_e", "lcnet_050")],
            *[f"timm:{name}" for name in ("regnety_002", "semnasnet_075", "resnet26d")],
        ],
        64,
    ),
    "timm:vit_tiny_patch16_224": 224,
    "timm:mixer_s32_224": 224,
}


def list_all_models() -> list[str]:
    """List torchvision's models of classification, segmentation and video, and timm's."""
    from tests.support import import_timm

    timm = import_timm()
    from torchvision import models

    kinds = (models, models.segmentation, models.video)
    ours = [f"torchvision:{name}" for kind in kinds for name in models.list_models(kind)]
    return ours + [f"timm:{name}" for name in timm.list_models()]


def import_one(source: str, size: int) -> dict[str, Any]:
    """Import a model at an input size (0: its own), and say what became of it."""
    from tests.support import import_timm

    import_timm()
    from cnnspec.costs import compute_costs
    from cnnspec.importing.canonical.canonicalize import UnsupportedModel
    from cnnspec.importing.import_pytorch import import_named_source
    from cnnspec.problems import RequestError

    warnings.simplefilter("ignore")
    try:
        found = import_named_source(source, {}, ((3, size, size),) if size else ())
    except UnsupportedModel as error:
        return {"state": "unsupported", "missing": list(error.calls[:3])}
    except RequestError as error:
        return {"state": "refused", "reason": str(error)[:300]}
    costs = compute_costs(found.graph.layers())
    checks = found.verdict.checks if found.verdict is not None else ()
    return {
        "state": "proven" if found.verdict else "not proven",
        "input": list(found.graph.inputs[0].output),
        "lines": found.text.count("\n"),
        "params": sum(c.params for c in costs),
        "macs": sum(c.macs for c in costs),
        "failed": [c.name for c in checks if c.status != "passed"],
    }


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def import_in_process(source: str, size: int) -> dict[str, Any]:
    """Import a model in another process, which may run out of memory or of time."""
    started = time.monotonic()
    command = [sys.executable, "-m", "tests.census", "--one", "--size", str(size), source]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            preexec_fn=limit_memory,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        result = {"state": "too slow"}
    except (IndexError, ValueError):
        result = {"state": "crashed", "reason": done.stderr[-300:]}
    return result | {"seconds": round(time.monotonic() - started, 1)}


def run_census(sources: list[str], size: int, output: Path, jobs: int) -> None:
    """Import models in several processes, and write each result as it comes."""
    found: dict[str, Any] = json.loads(output.read_text()) if output.exists() else {}
    waiting = [source for source in sources if source not in found]
    with ThreadPoolExecutor(jobs) as pool:
        results = pool.map(lambda source: import_in_process(source, size), waiting)
        for source, result in zip(waiting, results, strict=True):
            found[source] = result
            part = output.with_suffix(".part")
            part.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n")
            part.replace(output)
            print(source, result["state"], flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="*")
    parser.add_argument("--size", type=int, default=0, help="of the input; 0: the model's own")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--output", type=Path, default=Path("census.json"))
    parser.add_argument("--sample", action="store_true", help="the sample of the long tests")
    parser.add_argument("--one", action="store_true", help="print one result")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(import_one(given.sources[0], given.size)))
    elif given.sample:
        for size in sorted(set(SAMPLE.values())):
            chosen = [source for source, n in SAMPLE.items() if n == size]
            run_census(chosen, size, given.output, given.jobs)
    else:
        sources = given.sources or list_all_models()
        run_census(sources, given.size, given.output, given.jobs)


if __name__ == "__main__":
    main()
