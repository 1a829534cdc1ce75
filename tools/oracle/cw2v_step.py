"""Steps of CW2V (arXiv 2407.05841) in plain PyTorch, on random numbers of a given shape: pairs per second, as JSON.

    python tools/oracle/cw2v_step.py --new 15086 --sources 421 --columns 64 --rank 421 --pairs 4096 --negatives 5 --steps 5

New and shared tokens are numbered 0 … new + shared - 1, the new ones first, and negatives are drawn with the same frequencies as
tools/bench/cw2v.mjs draws them (1 / rank of the token, to the power 0.75). Every step mixes the rows of the tokens it touches, as
ours does; the reference mixes those of all new tokens.
"""

import argparse
import json
import resource
import time

import torch
import torch.nn.functional as F


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in dict(new=15086, shared=1000, sources=421, columns=64, rank=421, pairs=4096, negatives=5, steps=5, threads=2, heads=1).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--all", action="store_true", help="mix the rows of all new tokens in every step, as the reference does")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)

    count = options.new + options.shared
    frequency = 1.0 / torch.arange(1, count + 1)[torch.randperm(count)]
    noise = frequency**0.75
    tables = [torch.randn(options.sources, options.columns) for _ in range(options.heads)]
    fixed = [torch.randn(options.shared, options.columns) for _ in range(options.heads)]
    factors = [
        (torch.rand(options.new, options.rank, requires_grad=True), torch.rand(options.rank, options.sources, requires_grad=True))
        for _ in range(options.heads)
    ]
    adam = torch.optim.Adam([factor for pair in factors for factor in pair], lr=3e-4)

    def step() -> float:
        centers = torch.multinomial(frequency**0.5, options.pairs, replacement=True)
        contexts = torch.multinomial(frequency, options.pairs, replacement=True)
        negatives = torch.multinomial(noise, options.pairs * options.negatives, replacement=True)
        sides = [torch.unique(centers), torch.unique(torch.cat([contexts, negatives]))]
        if options.heads == 1:
            sides = [torch.unique(torch.cat(sides))]
        rows = []
        for side, pair, table, known in zip(sides, factors, tables, fixed):
            touched = torch.arange(options.new) if options.all else side[side < options.new]
            mixed = F.softmax(pair[0][touched] @ pair[1], dim=-1) @ table
            place = torch.zeros(count, dtype=torch.long)
            place[touched] = torch.arange(len(touched))
            place[options.new :] = len(touched) + torch.arange(options.shared)
            rows.append((torch.cat([mixed, known]), place))
        w = rows[0][0][rows[0][1][centers]]
        v = rows[-1][0][rows[-1][1][contexts]]
        u = rows[-1][0][rows[-1][1][negatives]].view(options.pairs, options.negatives, -1)
        loss = -F.logsigmoid((w * v).sum(1)) - F.logsigmoid(-torch.bmm(u, w.unsqueeze(2)).squeeze(2)).sum(1)
        adam.zero_grad()
        loss.mean().backward()
        adam.step()
        return loss.mean().item()

    step()
    begin, processor = time.perf_counter(), time.process_time()
    losses = [step() for _ in range(options.steps)]
    seconds, busy = time.perf_counter() - begin, time.process_time() - processor
    print(
        json.dumps(
            dict(
                pairsPerSecond=options.pairs * options.steps / seconds,
                secondsPerStep=seconds / options.steps,
                processorSecondsPerStep=busy / options.steps,
                peakMegabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
                loss=losses[-1],
            )
        )
    )


if __name__ == "__main__":
    main()
