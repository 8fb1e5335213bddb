"""RoI align: each of R image regions becomes a map of w x h a channel, sampled from feature maps.

A region is divided into w x h cells. A cell is the mean of s*s samples, and each sample is
interpolated from its neighbours: in n dimensions s**n * 2**n multiplications, s**n * 2**n - 1
additions and one division for each element. If the inputs are the maps of a pyramid, each region is
sampled from the map that suits its size; the positions of the regions depend on the image. The
output is C x h x w x R, with the regions last: after a reshape to C*h*w x R, a 1x1 convolution is a
linear layer on each region.

Source: He, Gkioxari, Dollár & Girshick (2017), Mask R-CNN, arXiv 1703.06870, section 3; Lin et al.
(2017), Feature pyramid networks, arXiv 1612.03144, equation 1, for the pyramid;
``torchvision.ops.MultiScaleRoIAlign``."""

from itertools import product
from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step
from cnnspec.ops.kit.fields import OperatorError, size_field
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.list_fields import PerAxis, per_axis_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import WHOLE, Reach, per_dimension
from cnnspec.units import Shape, format_shape


class RoiAlign(Operator):
    title = "RoI Align"
    symbols = {
        "h": "height of the output",
        "w": "width of the output",
        "w_i": "size i of the output",
        "R": "regions of an image",
        "s": "samples along each side of a cell",
    }
    is_composite = True
    arity = (1, 16)

    regions: int = size_field("R, the number of regions of an image")
    output_size: PerAxis = per_axis_field("w, the cells of a region along each dimension")
    sampling_ratio: int = size_field("s, the samples of a cell along each dimension", default=2)

    def output(self, *xs: Shape) -> Shape:
        channels, sizes = require_feature_map("roi_align", xs[0])
        for i, x in enumerate(xs):
            if len(x) != len(xs[0]) or x[0] != channels:
                raise OperatorError(
                    "D003",
                    f"roi_align: $0 is {format_shape(xs[0])} but ${i} is {format_shape(x)}",
                    f"the maps of a pyramid have the same channels: ${i} needs {channels}",
                )
        return (channels, *per_dimension("output_size", self.output_size, len(sizes)), self.regions)

    def elementwise(self, *xs: Shape, y: Shape) -> dict[str, int]:
        taps = (2 * self.sampling_ratio) ** (len(xs[0]) - 1)
        return {
            "multiplications": taps * prod(y),
            "additions": (taps - 1) * prod(y),
            "divisions": prod(y),
        }

    def window(self, *xs: Shape, y: Shape) -> Reach:
        return WHOLE

    def derivation(self, *xs: Shape, y: Shape) -> list[Step]:
        names = ("h", "w") if len(y) == 4 else tuple(f"w_{i}" for i in range(1, len(y) - 1))
        values = dict(zip(("C", *names, "R"), y, strict=True))
        elements, taps = "*".join(values), "*".join(["2*s"] * len(names))
        return [
            Step("activation size", elements, values, prod(y)),
            Step(
                "multiplications",
                f"{taps}*{elements}",
                {"s": self.sampling_ratio, **values},
                self.elementwise(*xs, y=y)["multiplications"],
            ),
        ]

    def sampled_functions(self, i: int, maps: int, y: Shape, follow: int) -> memory.Functions:
        """Declare the sampling of a map's regions; ``follow`` maps are sampled after it."""
        n, regions = max(len(y) - 2, 2), len(range(i, self.regions, maps))
        previous = (memory.PREVIOUS,)
        points = regions * prod(self.sampling_ratio * w for w in y[1:-1])
        cells = y[0] * regions * prod(y[1:-1])
        lines = [regions * self.sampling_ratio * w for w in y[1:-1]]
        if len(lines) == 1:
            lines.insert(0, regions)
        constants = [regions, *lines, points * n]
        steps = [
            *(memory.Function(size, inputs=(), without_batch=True) for size in constants),
            memory.Function(
                y[0] * points,
                saves=(0, 1),
                inputs=(i, memory.PREVIOUS),
                backward=memory.Backward(elements=points * n),
                layout=memory.Layout(contiguous=True),
            ),
            memory.Function(y[0] * points, inputs=previous, aliases=True),
            memory.Function(cells, inputs=previous, divides=True),
            memory.Function(
                cells,
                inputs=previous,
                gradient=memory.STRIDED_VIEW,
                aliases=True,
                layout=memory.Layout(strided=memory.WITHIN_EXAMPLES),
            ),
        ]
        last = len(steps) - 1
        held = [last - k for k in range(last)] + [follow * len(steps) + 1]
        return tuple([f.replace(held_for=n) for f, n in zip(steps, held, strict=True)])

    def memory(self, *xs: Shape, y: Shape, training: bool) -> memory.Functions:
        maps = xs[: self.regions]
        parts = [self.sampled_functions(i, len(xs), y, len(maps) - 1 - i) for i in range(len(maps))]
        ends = tuple(-len(part) * (len(maps) - 1 - i) - 1 for i, part in enumerate(parts))
        joined = memory.Function(prod(y), inputs=ends, gradient=memory.VIEW)
        return *(f for part in parts for f in part), joined

    def build(self, torch: Any, *xs: Shape, y: Shape) -> Any:
        """Return a module that chooses its regions itself, because it gets no proposals.

        The regions are half as large as the image and lie along its diagonal; the maps take turns.
        Samples are computed at least in float32, because grid_sample on a CPU reads outside of maps
        with more than 32,767 positions in 16 bits."""
        sizes, s, n = y[1:-1], self.sampling_ratio, max(len(y) - 2, 2)
        modules.require_at_most_3_dimensions("sampling", len(sizes))

        def sampled(i: int, x: Any) -> Any:
            given, x = x.dtype, x if x.dtype == torch.float64 else x.float()

            def spread(c: int) -> Any:
                return (torch.arange(c, device=x.device, dtype=x.dtype) + 0.5) / c

            turns = torch.arange(i, self.regions, len(xs), device=x.device, dtype=x.dtype)
            lines = [
                turns[:, None] / max(self.regions - 1, 1) - 1 + spread(s * w) for w in sizes
            ]  # from -1 to 1
            if len(sizes) == 1:  # grid_sample takes two dimensions or three
                x, lines = x.unsqueeze(2), [0 * lines[0][:, :1], *lines]
            lines = [
                line.unflatten(1, [-1 if j == k else 1 for k in range(n)])
                for j, line in enumerate(lines)
            ]
            grid = torch.stack(torch.broadcast_tensors(*reversed(lines)), -1).flatten(0, 1)
            samples = torch.nn.functional.grid_sample(
                x, grid.expand(len(x), *grid.shape), padding_mode="border", align_corners=False
            )
            cells = samples.reshape(*x.shape[:2], -1, *(part for w in sizes for part in (w, s)))
            return cells.mean(tuple(range(4, cells.dim(), 2))).movedim(2, -1).to(given)

        return modules.make_stateless_module(
            torch,
            "RoiAlign",
            lambda *xs: torch.cat([sampled(i, x) for i, x in enumerate(xs[: self.regions])], -1),
        )

    python_class = '''class RoIAlign(nn.Module):
    """Sample regions of a pyramid: half the image's size, along its diagonal.

    Replace the regions by those that a model proposes.
    """

    def __init__(
        self, regions: int, output_size: tuple[int, ...], sampling_ratio: int = 2
    ) -> None:
        super().__init__()
        self.regions, self.output_size = regions, output_size
        self.sampling_ratio = sampling_ratio

    def forward(self, *maps: torch.Tensor) -> torch.Tensor:
        used = maps[: self.regions]
        return torch.cat([self.sample(x, i, len(maps)) for i, x in enumerate(used)], -1)

    def sample(self, x: torch.Tensor, first: int, step: int) -> torch.Tensor:
        """Sample every step-th region, beginning with the first, from a map."""
        given, x = x.dtype, x if x.dtype == torch.float64 else x.float()
        samples, n = self.sampling_ratio, max(x.dim() - 2, 2)
        turns = torch.arange(first, self.regions, step, device=x.device, dtype=x.dtype)
        starts = turns[:, None] / max(self.regions - 1, 1) - 1
        lines = []
        for size in self.output_size:
            places = torch.arange(samples * size, device=x.device, dtype=x.dtype)
            lines.append(starts + (places + 0.5) / (samples * size))
        if len(lines) == 1:  # grid_sample takes two dimensions or three
            x, lines = x.unsqueeze(2), [0 * lines[0][:, :1], *lines]
        lines = [
            line.unflatten(1, [-1 if j == k else 1 for k in range(n)])
            for j, line in enumerate(lines)
        ]
        grid = torch.stack(torch.broadcast_tensors(*lines[::-1]), -1).flatten(0, 1)
        grid = grid.expand(x.shape[0], *grid.shape)
        found = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
        cells = [part for size in self.output_size for part in (size, samples)]
        found = found.reshape(*x.shape[:2], -1, *cells)
        return found.mean(list(range(4, found.dim(), 2))).movedim(2, -1).to(given)
'''

    def python_arguments(self, *xs: Shape, y: Shape) -> dict[str, Any]:
        return {"": self.regions, "output_size": y[1:-1], "sampling_ratio": self.sampling_ratio}

    def write_onnx(self, onnx: Any, *xs: Any, y: Shape) -> Any:
        sizes, s, n = y[1:-1], self.sampling_ratio, len(y) - 2
        cells = [part for w in sizes for part in (w, s)]
        found = []
        for i, x in enumerate(xs[: self.regions]):
            turns = range(i, self.regions, len(xs))
            points: list[float] = []
            lines = [s * w for w in sizes]
            for turn in turns:
                start = turn / max(self.regions - 1, 1) - 1
                places = [[start + (p + 0.5) / size for p in range(size)] for size in lines]
                for point in product(*([[0.0]] * (n == 1)), *places):
                    points += reversed(point)
            rows = (len(turns), lines[0]) if n == 1 else (len(turns) * lines[0], *lines[1:])
            grid = onnx.constant(points, (1, *rows, max(n, 2)))
            batch = onnx.Concat(onnx.Shape(x, start=0, end=1), [1] * (max(n, 2) + 1), axis=0)
            maps = onnx.Unsqueeze(x, [2]) if n == 1 else x
            samples = onnx.GridSample(maps, onnx.Expand(grid, batch), padding_mode="border")
            each = onnx.Reshape(samples, [0, 0, len(turns), *cells])
            means = onnx.ReduceMean(each, [*range(4, 4 + 2 * n, 2)], keepdims=0)
            found.append(onnx.Transpose(means, perm=[0, 1, *range(3, 3 + n), 2]))
        return onnx.Concat(*found, axis=n + 2) if len(found) > 1 else found[0]

    examples = (
        Example(
            "torchvision's fasterrcnn_resnet50_fpn, roi_heads.box_roi_pool: 7x7 cells of 2x2"
            " samples, and at most 1000 regions an image",
            ((256, 200, 200), (256, 100, 100), (256, 50, 50), (256, 25, 25)),
            {"regions": 1000, "output_size": 7},
            (256, 7, 7, 1000),
        ),
    )
