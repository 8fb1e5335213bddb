"""The memory of attention of given queries, keys and values.

``AttentionFunctions`` declares what attention_products.py runs, in the same order: a change to one
of them needs the same change to the other."""

from math import prod

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.attention_products import Windows
from cnnspec.ops.kit.bias_table import SYMMETRIC
from cnnspec.ops.kit.function_sequence import FunctionSequence
from cnnspec.units import Shape

INT64 = memory.Function(0, inputs=(), without_batch=True, int64=True)


class AttentionFunctions:
    """The functions of attention within windows, or over the whole map.

    ``dropout`` is the probability in this mode, so 0 at inference."""

    def __init__(self, heads: int, windows: Windows, dropout: float):
        self.heads, self.dropout = heads, dropout
        self.sizes, self.dilation, self.shift = windows.sizes, windows.dilation, windows.shift
        self.sequence = FunctionSequence()

    def declare(
        self, q: Shape, k: Shape, v: Shape, bias: Shape | None, learns_bias: str
    ) -> memory.Functions:
        """Declare what ``make_forward``'s function runs for inputs of these shapes."""
        n, m = (prod(self.sizes or x[1:]) for x in (q, k))
        self.windows = prod(q[1:]) // n
        copy = self.copy_contiguous if self.sizes is None else self.cut_into_windows
        rows = [copy(i, x) for i, x in enumerate((q, k, v))]
        biases = [(3, memory.INCOMING)] if bias is not None else []
        if learns_bias:
            # Their gradient is summed over examples and windows, even if there is only one.
            if learns_bias == SYMMETRIC:
                found = self.look_up_symmetric_biases(n, m, len(q) - 1)
            else:
                found = self.look_up_biases(self.sizes or q[1:])
            biases.append((found, memory.DIFFERENCE))
        if self.shift and self.sizes:
            biases.append((self.mask_strangers(q, n), memory.INCOMING))
        return self.attend(rows, biases, (q, k, v), n, m)

    def copy_contiguous(self, i: int, x: Shape) -> int:
        """Declare ``contiguous`` of the input i."""
        return self.sequence.add(memory.as_contiguous(x), i)

    def in_order(self, x: Shape) -> bool:
        """Tell whether the windows of a map are parts of it in the order of its elements."""
        rest = all(w == m for w, m in zip(x[2:], (self.sizes or x[1:])[1:], strict=True))
        return self.windows == 1 or (x[0] == 1 and rest and self.dilation == 1)

    def in_rows(self, x: Shape) -> bool:
        """Tell whether windows of one position are in the order of the map's positions."""
        d, counts = self.dilation, [w // self.dilation for w in x[1:]]
        return d == 1 or all(
            count == 1 or prod(counts[i + 1 :]) * d**i == 1 for i, count in enumerate(counts)
        )

    def cut_into_windows(self, i: int, x: Shape) -> int:
        """Declare ``to_windows`` of the input i."""
        rolled: int = self.roll(i, x) if self.shift else i
        if self.in_order(x):
            return self.sequence.add(memory.view_of(x), rolled)
        blocks = self.sequence.add(memory.Function(prod(x), aliases=True), rolled)
        layout = memory.Layout(contiguous=True)
        copied = memory.Function(prod(x), gradient=memory.VIEW, layout=layout)
        rows = self.sequence.add(copied, blocks)
        self.sequence.free(blocks, rolled)
        return rows

    def roll(self, value: int, x: Shape) -> int:
        """Declare a roll of a map along all its dimensions."""
        n, count = prod(x), len(x) - 1
        layout = memory.Layout(contiguous=True)
        rolls = []
        for i in range(count):
            last = i == count - 1
            gradient = memory.NEW if last else memory.VIEW
            backward = memory.Backward(peak=count * n * last)
            function = memory.Function(n, gradient=gradient, backward=backward, layout=layout)
            value = self.sequence.add(function, value)
            rolls.append(value)
        self.sequence.free(*rolls[:-1])
        return value

    def look_up_biases(self, sizes: Shape) -> int:
        """Declare ``look_up_biases``: indices for the distances, and the biases of these."""
        n, add = prod(sizes), self.sequence.add
        places = add(INT64.replace(size=n))
        scratch = add(INT64.replace(size=(1 + (len(sizes) > 1)) * n * n + 1))
        index = add(INT64.replace(size=n * n))
        self.sequence.free(scratch)
        biases = self.gather(index, n * n)
        self.sequence.free(places)
        return biases

    def gather(self, index: int, size: int) -> int:
        """Declare the biases at indices, and free these."""
        gathered = memory.Function(
            self.heads * size,
            saves=(0,),
            parameters=("relative_position_bias_table",),
            without_batch=True,
        )
        biases = self.sequence.add(gathered, index)
        self.sequence.free(index)
        return biases

    def look_up_symmetric_biases(self, n: int, m: int, dimensions: int) -> int:
        """Declare ``look_up_symmetric_biases`` of n queries and m keys."""
        add = self.sequence.add
        scratch = add(INT64.replace(size=(1 + 2 * (dimensions > 1)) * n * m + n))
        index = add(INT64.replace(size=n * m))
        self.sequence.free(scratch)
        return self.gather(index, n * m)

    def mask_strangers(self, q: Shape, n: int) -> int:
        """Declare ``mask_strangers``, and the mask of each example."""
        size, last, add = self.windows * n * n, q[-1], self.sequence.add
        places = add(INT64.replace(size=last))
        scratch = memory.Function(size + 2 * prod(q[1:]) + last, inputs=(), without_batch=True)
        maps = add(scratch)
        mask = memory.Function(size, inputs=(), without_batch=True, divides=True)
        add(mask)
        self.sequence.free(maps, places)
        return add(memory.Function(size, inputs=()))

    def attend(
        self,
        rows: list[int],
        biases: list[tuple[int, str]],
        shapes: tuple[Shape, ...],
        n: int,
        m: int,
    ) -> memory.Functions:
        """Declare ``attend`` of rows with n queries and m keys, and ``from_windows``."""
        sequence, (q, _, v) = self.sequence, shapes
        scores, gathered = self.heads * self.windows * n * m, v[0] * n * self.windows
        # With several heads, a transposed gradient is copied to undo the division into heads.
        by_head = memory.VIEW if self.heads == 1 else memory.RESHAPED
        divided = [
            sequence.add(memory.Function(prod(x), gradient=by_head, aliases=True), row)
            for x, row in zip(shapes, rows, strict=True)
        ]
        scaling = memory.Function(prod(q), saved=memory.Saved(scalar=True))
        scaled = sequence.add(scaling, divided[0])
        transposed = memory.Function(
            0, gradient=memory.VIEW, aliases=True, layout=memory.Layout(channels="last")
        )
        product = memory.Function(scores, saves=(0, 1), gradient=memory.MATMUL)
        turned = sequence.add(transposed.replace(size=prod(q)), scaled)
        weights = sequence.add(product, turned, divided[1])
        sequence.free(turned, scaled)
        for bias, gradient in biases:
            shifted = sequence.add(memory.Function(scores, gradient=gradient), weights, bias)
            sequence.free(weights)
            weights = shifted
        softmax = sequence.add(memory.Function(scores, saves=(memory.OUTPUT,)), weights)
        softmax = sequence.drop(softmax, scores, self.dropout)
        sequence.free(weights)
        values = sequence.add(transposed.replace(size=prod(v)), divided[2])
        sums = sequence.add(product.replace(size=gathered), softmax, values)
        copied = memory.view_of((gathered,))
        if n > 1 and v[0] > self.heads:  # to transpose one row or column is to reshape it
            layout = memory.Layout(contiguous=True)
            copied = memory.Function(gathered, gradient=memory.STRIDED_VIEW, layout=layout)
        joined = sequence.add(copied, sums)
        if self.sizes is None:
            return tuple(sequence.functions)
        sequence.free(sums, softmax, values, *divided)
        if self.in_order(v):
            joined = sequence.add(memory.view_of(v), joined)
        elif n == 1 and self.in_rows(v):
            layout = memory.Layout(channels="last")
            view = memory.Function(gathered, gradient=memory.VIEW, aliases=True, layout=layout)
            joined = sequence.add(view, joined)
        else:
            layout = memory.Layout(contiguous=True)
            joined = sequence.add(memory.Function(gathered, layout=layout), joined)
        if self.shift:
            self.roll(joined, v)
        return tuple(sequence.functions)
