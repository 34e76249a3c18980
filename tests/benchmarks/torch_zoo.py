"""PyTorch's side of the benchmarks. It runs in any Python that has PyTorch and NumPy."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from tests.benchmarks import torch_networks, torch_steps
from tests.benchmarks.worker import SLOW, Work, seconds_of, warmed

CUDA = torch.cuda.is_available()
DEVICE = torch.device("cuda" if CUDA else "cpu")
LAYOUTS = {"NCHW": torch.contiguous_format, "channels_last": torch.channels_last}
TRIED = 3  # more units with which layouts are compared; of slow ones one


def prepare(job):
    """The work that a job names, in the faster of both memory layouts."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True  # as TensorFlow
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    make = {"step": step, "stylize": stylize}[job["work"]]
    layouts = job.get("layouts", list(LAYOUTS))
    seconds = {}
    for layout in layouts if len(layouts) > 1 else ():
        work = make(job, LAYOUTS[layout])
        first = warmed(work.run)
        seconds[layout] = min(first, *(seconds_of(work.run, 1) for _ in range(TRIED if first < SLOW / TRIED else 1)))
        del work
    best = min(seconds, key=seconds.get, default=layouts[0])
    work = make(job, LAYOUTS[best])
    work.facts |= {"torch": torch.__version__, "note": best + (", compiled" if job["compiled"] else "")}
    return work


def device_memory():
    return torch.cuda.max_memory_allocated() if CUDA else 0


def step(job, layout):
    """Steps of a model from a batch on the device."""
    training = torch_steps.MODELS[job["model"]](**job["torch"])
    training.place(DEVICE, layout, job["precision"] == "mixed_bfloat16")
    facts = {
        "weights": {player: sum(p.numel() for p in each) for player, each in training.parameters.items()},
        "networks": {name: operations(run) for name, run in training.passes().items()},
        "counted": operations(training.step),
    }
    if job["compiled"]:
        training.compile()

    def run(steps):
        for _ in range(steps):
            cost = training.step()
        cost.item()  # waits for the step

    return Work(run, facts=facts, device_memory=device_memory)


def stylize(job, layout):
    """One picture redrawn from array to array."""
    network = torch_networks.resnet(**job["torch"]).to(DEVICE, memory_format=layout).eval()
    side = job["side"]
    picture = torch.rand(side, side, 3).mul_(2).sub_(1).numpy()
    drawing = torch.compile(network) if job["compiled"] else network

    def run(pictures):
        with torch.inference_mode(), torch.autocast(DEVICE.type, torch.bfloat16, job["precision"] == "mixed_bfloat16"):
            for _ in range(pictures):
                given = torch.from_numpy(picture).permute(2, 0, 1)[None].to(DEVICE).contiguous(memory_format=layout)
                drawing(given)[0].permute(1, 2, 0).float().cpu().contiguous().numpy()

    small = torch.zeros(1, 3, 64, 64, device=DEVICE).contiguous(memory_format=layout)  # operations grow with the area
    facts = {
        "weights": {"generator": sum(p.numel() for p in network.parameters())},
        "networks": {"generator": operations(lambda: network(small)) * (side / 64) ** 2},
    }
    return Work(run, facts=facts, device_memory=device_memory)


def operations(run):
    """The operations that PyTorch counts in a call."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()
