"""Upsampling: a map of w x h gets another size, by the nearest value or by interpolation.

The size is floor(W*s) for a scale factor s, or that of ``size`` or of the second input. The output
position y corresponds to y*r in the input, where r is 1/s or W/W_out; "nearest" reads floor(y*r).
"bilinear" uses the centres of pixels, (y + 1/2)*r - 1/2, or, with align_corners, y*(W - 1)/(W_out -
1). It reads the two neighbours along each of n dimensions (one where the position is exact): 2**n
multiplications and 2**n - 1 additions for each element; "linear" and "trilinear" are PyTorch's
names of it in 1 and 3 dimensions. "bicubic", in 2 dimensions, reads four neighbours along each: 16
multiplications and 15 additions. "nearest" costs nothing, and neither does "nearest-exact", which
reads floor((y + 1/2)*r).

Source: ``torch.nn.Upsample``; Lin et al. (2017), Feature pyramid networks, arXiv 1612.03144,
section 3, for nearest."""

from fractions import Fraction
from math import floor, prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step, group_equal_axes
from cnnspec.ops.kit.fields import OperatorError, choice_field, flag_field, number_field
from cnnspec.ops.kit.input_checks import find_wanted_sizes
from cnnspec.ops.kit.list_fields import PerAxis, per_axis_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import Phases, Reach, Window, single_offset
from cnnspec.units import Shape, format_shape

# The number of spatial dimensions of PyTorch's names of an interpolation; "bilinear" is for any.
DIMENSIONS = {"linear": 1, "trilinear": 3, "bicubic": 2}


class Upsample(Operator):
    title = "Upsampling"
    symbols = {"s": "scale factor, or its numerator", "t": "denominator of the scale factor"}
    arity = (1, 2)
    size_only = (1,)

    scale_factor: float | None = number_field(
        "s, the factor of each size, whole or not", None, minimum=1e-3, maximum=1e3
    )
    size: PerAxis | None = per_axis_field("W_out, the output's size", None)
    mode: str = choice_field(
        "the nearest value, or linear or cubic interpolation in each dimension",
        "nearest",
        "nearest-exact",
        "linear",
        "bilinear",
        "trilinear",
        "bicubic",
        default="nearest",
    )
    align_corners: bool = flag_field(
        "whether an interpolation aligns the centres of the corner pixels", default=False
    )

    def factor(self, w: int) -> Fraction:
        """Return s as the simplest fraction that agrees with PyTorch's floating-point W*s."""
        assert self.scale_factor is not None
        plain = Fraction(self.scale_factor).limit_denominator(4096)
        return (
            plain if floor(w * plain) == int(w * self.scale_factor) else Fraction(self.scale_factor)
        )

    def drift(self, factor: Fraction) -> int:
        """Return the sign of 1/s - 1/factor: 0.3333 is below 1/3, so that no position is exact."""
        s = self.scale_factor
        assert s is not None
        exact = s in (float(factor), Fraction(factor))
        return 0 if exact else (Fraction(s) < factor) - (Fraction(s) > factor)

    @property
    def is_nearest(self) -> bool:
        return self.mode in ("nearest", "nearest-exact")

    @property
    def taps(self) -> int:
        """The number of neighbours that are read along a dimension."""
        return {"nearest": 1, "nearest-exact": 1, "bicubic": 4}.get(self.mode, 2)

    def check_mode(self, x: Shape) -> None:
        """Raise OperatorError (L003, D001) if the mode does not fit the input or the fields."""
        if self.align_corners and self.is_nearest:
            raise OperatorError(
                "L003",
                f'align_corners has a meaning for interpolation only, but mode is "{self.mode}"',
                'mode = "bilinear"',
                "align_corners",
            )
        wanted = DIMENSIONS.get(self.mode, len(x) - 1)
        if wanted != len(x) - 1:
            raise OperatorError(
                "D001",
                f'mode = "{self.mode}" is for {wanted} spatial dimension{"s" * (wanted > 1)}, but'
                f" $0 is {format_shape(x)}",
                'mode = "bilinear" interpolates in any number of dimensions',
                "mode",
            )

    def output(self, x: Shape, like: Shape | None = None) -> Shape:
        self.check_mode(x)
        sizes = find_wanted_sizes(
            "upsample", x, like, scale_factor=self.scale_factor, size=self.size
        )
        sizes = tuple(floor(w * self.factor(w)) for w in x[1:]) if sizes is None else sizes
        if 0 in sizes:
            raise OperatorError(
                "D002",
                f"a scale factor of {self.scale_factor:g} leaves nothing of {min(x[1:])}",
                "a larger scale_factor",
                "scale_factor",
            )
        return (x[0], *sizes)

    def elementwise(self, x: Shape, like: Shape | None = None, *, y: Shape) -> dict[str, int]:
        taps = self.taps ** (len(y) - 1)
        if self.is_nearest:
            return {}
        return {"multiplications": taps * prod(y), "additions": (taps - 1) * prod(y)}

    def window(self, x: Shape, like: Shape | None = None, *, y: Shape) -> Reach:
        return tuple(self.reads(w, size) for w, size in zip(x[1:], y[1:], strict=True))

    def reads(self, w: int, size: int) -> Window:
        """Return what one dimension reads; phases repeat as the reduced ratio of sizes does."""
        if self.align_corners and 1 in (w, size):
            return Window(size, w, Phases(size, lambda y: single_offset(0)))
        r = Fraction(w, size) if self.scale_factor is None else 1 / self.factor(w)
        r = Fraction(w - 1, size - 1) if self.align_corners else r
        first = Fraction(0) if self.align_corners or self.mode == "nearest" else (r - 1) / 2
        first = r / 2 if self.mode == "nearest-exact" else first
        drift = 0 if self.scale_factor is None or self.align_corners else self.drift(self.factor(w))

        def at(y: int) -> range:
            place = first + y * r
            near = floor(place)
            if self.is_nearest or (place == near and not drift):
                return single_offset(near)
            near -= place == near and drift < 0
            return range(near - self.taps // 2 + 1, near + self.taps // 2 + 1)

        return Window(r.denominator, r.numerator, Phases(r.denominator, at))

    def derivation(self, x: Shape, like: Shape | None = None, *, y: Shape) -> list[Step]:
        return [
            *(
                self.size_step(name, *part)
                for name, part in group_equal_axes(list(zip(x[1:], y[1:], strict=True)))
            ),
            elements_step(y),
        ]

    def size_step(self, name: str, w: int, size: int) -> Step:
        if self.scale_factor is None:
            return Step(f"output {name}", "W_out", {"W_out": size}, size)
        s, t = self.factor(w).as_integer_ratio()
        if t == 1:
            return Step(f"output {name}", "W*s", {"W": w, "s": s}, size)
        return Step(f"output {name}", "floor(W*s/t)", {"W": w, "s": s, "t": t}, size)

    def memory(
        self, x: Shape, like: Shape | None = None, *, y: Shape, training: bool
    ) -> memory.Functions:
        return (memory.Function(prod(y)),)

    def build(self, torch: Any, x: Shape, like: Shape | None = None, *, y: Shape) -> Any:
        modules.require_at_most_3_dimensions("Upsample", len(x) - 1)
        cls, linear = torch.nn.Upsample, ("linear", "bilinear", "trilinear")[len(x) - 2]
        upsample = modules.with_forward(cls, lambda module, x, *_: cls.forward(module, x))
        mode = self.mode if self.is_nearest or self.mode == "bicubic" else linear
        how = (mode, None if self.is_nearest else self.align_corners)
        return upsample(None if self.scale_factor else y[1:], self.scale_factor, *how)

    def write_onnx(self, onnx: Any, x: Any, like: Any = None, *, y: Shape) -> Any:
        if self.is_nearest:
            how = {"mode": "nearest", "nearest_mode": "floor"}
        else:
            how = {"mode": "cubic" if self.mode == "bicubic" else "linear"}
        aligned = "align_corners" if self.align_corners and not self.is_nearest else ""
        places = aligned or ("asymmetric" if self.is_nearest else "half_pixel")
        cubic = {"cubic_coeff_a": -0.75} if self.mode == "bicubic" else {}
        axes = [*range(2, len(y) + 1)]
        if self.scale_factor:
            factors = onnx.constant([float(self.scale_factor)] * len(axes))
            sizes: tuple[Any, ...] = (None, factors)
        else:
            sizes = (None, None, [*y[1:]])
        mode = {"coordinate_transformation_mode": places, **how, **cubic}
        return onnx.Resize(x, *sizes, axes=axes, **mode)

    def write_keras(self, keras: Any, x: Any, like: Any = None, *, y: Shape) -> Any:
        sizes = [*zip(x.shape[1:], y[1:], strict=True)]
        n, whole = len(sizes), all(size % w == 0 for w, size in sizes)
        if self.is_nearest and whole:
            factors = keras.collapse([size // w for w, size in sizes])
            return keras.layer(keras.for_dimensions("UpSampling", n), x, factors)
        exact = self.scale_factor is None or all(w * self.scale_factor == size for w, size in sizes)
        if self.taps == 2 and not self.align_corners and n == 2 and exact:
            return keras.op("image.resize", x, y[1:], interpolation="bilinear")
        raise keras.refuse("Keras has no such interpolation")

    examples = (
        Example(
            "Keys (1981), Cubic convolution interpolation, in torch.nn.Upsample: 2x2 to 4x4, where"
            " each value is a sum of 16 products",
            ((1, 2, 2),),
            {"scale_factor": 2, "mode": "bicubic"},
            (1, 4, 4),
            work={"multiplications": 16 * 16, "additions": 16 * 15},
        ),
        Example(
            "PyTorch's documentation of torch.nn.Upsample: scale_factor=2, mode='nearest' makes"
            " 2x2 4x4",
            ((1, 2, 2),),
            {"scale_factor": 2},
            (1, 4, 4),
        ),
        Example(
            "PyTorch's documentation of torch.nn.Upsample: scale_factor=2, mode='bilinear' makes"
            " 3x3 6x6",
            ((1, 3, 3),),
            {"scale_factor": 2, "mode": "bilinear", "align_corners": True},
            (1, 6, 6),
        ),
        Example(
            "torchvision's documentation of FeaturePyramidNetwork: of 5 channels, the 8x8 map takes"
            " the size of the 16x16 one",
            ((5, 8, 8), (5, 16, 16)),
            {},
            (5, 16, 16),
        ),
    )
