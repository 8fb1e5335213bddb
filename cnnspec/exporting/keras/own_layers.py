"""The sources of layers and functions that exported files define, as Keras has none."""

LEARNED_SCALE = '''class LearnedScale(layers.Layer):
    """Multiply by learned weights and add learned biases, which broadcast over positions."""

    def __init__(
        self,
        shape: tuple[int, ...],
        weight: bool = True,
        bias: bool = False,
        init: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.shape, self.init = tuple(shape), init
        self.with_weight, self.with_bias = weight, bias

    def build(self, input_shape: Any) -> None:
        if self.with_weight:
            first = keras.initializers.Constant(self.init)
            self.weight = self.add_weight(
                shape=self.shape, initializer=first, name="weight"
            )
        if self.with_bias:
            self.bias = self.add_weight(
                shape=self.shape, initializer="zeros", name="bias"
            )

    def call(self, x: Any) -> Any:
        x = x * self.weight if self.with_weight else x
        return x + self.bias if self.with_bias else x

    def get_config(self) -> dict[str, Any]:
        own = {"weight": self.with_weight, "bias": self.with_bias, "init": self.init}
        return {**super().get_config(), "shape": self.shape, **own}
'''
TOKENS = '''class Tokens(layers.Layer):
    """Add learned positions before or after those of a sequence."""

    def __init__(self, count: int = 1, after: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count, self.after = count, after

    def build(self, input_shape: Any) -> None:
        shape = (self.count, input_shape[-1])
        first = keras.initializers.RandomNormal(stddev=0.02)
        self.weight = self.add_weight(shape=shape, initializer=first, name="weight")

    def call(self, x: Any) -> Any:
        tokens = ops.broadcast_to(self.weight, (ops.shape(x)[0], *self.weight.shape))
        return ops.concatenate([x, tokens] if self.after else [tokens, x], axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "count": self.count, "after": self.after}
'''
RBF = '''class RBF(layers.Layer):
    """Squared distances of a vector from fixed ones, as in LeNet-5."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Any) -> None:
        self.weight = self.add_weight(
            shape=(self.units, input_shape[-1]), trainable=False, name="weight"
        )

    def call(self, x: Any) -> Any:
        return ops.sum(ops.square(x[:, None] - self.weight), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
'''
CONV_TABLE = '''class ConvTable(layers.Layer):
    """A convolution whose output maps read only the input maps that a table lists."""

    def __init__(
        self,
        connections: Sequence[Sequence[int]],
        kernel_size: tuple[int, int],
        strides: int = 1,
        bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.connections, self.kernel_size = connections, tuple(kernel_size)
        self.strides, self.with_bias = strides, bias

    def build(self, input_shape: Any) -> None:
        shape = (*self.kernel_size, sum(map(len, self.connections)), 1)
        self.kernel = self.add_weight(shape=shape, name="kernel")
        if self.with_bias:
            shape = (len(self.connections),)
            self.bias = self.add_weight(shape=shape, initializer="zeros", name="bias")

    def call(self, x: Any) -> Any:
        reads = [channel for row in self.connections for channel in row]
        x = ops.take(x, reads, axis=-1)
        x = ops.depthwise_conv(
            x, self.kernel, self.strides, data_format="channels_last"
        )
        sums, first = [], 0
        for row in self.connections:
            sums.append(
                ops.sum(x[..., first : first + len(row)], axis=-1, keepdims=True)
            )
            first += len(row)
        x = ops.concatenate(sums, axis=-1)
        return x + self.bias if self.with_bias else x

    def get_config(self) -> dict[str, Any]:
        own = {"connections": self.connections, "kernel_size": self.kernel_size}
        return {
            **super().get_config(),
            **own,
            "strides": self.strides,
            "bias": self.with_bias,
        }
'''
GLOBAL_RESPONSE_NORM = '''class GlobalResponseNorm(layers.Layer):
    """Scale each channel by its norm over the positions, relative to the mean of all channels."""

    def __init__(self, epsilon: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        shape = (input_shape[-1],)
        self.weight = self.add_weight(shape=shape, initializer="zeros", name="weight")
        self.bias = self.add_weight(shape=shape, initializer="zeros", name="bias")

    def call(self, x: Any) -> Any:
        axes = tuple(range(1, len(x.shape) - 1))
        norms = ops.sqrt(ops.sum(ops.square(x), axis=axes, keepdims=True))
        ratio = norms / (ops.mean(norms, axis=-1, keepdims=True) + self.epsilon)
        return x + self.weight * (x * ratio) + self.bias

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "epsilon": self.epsilon}
'''
LOCAL_RESPONSE_NORM = '''def local_response_norm(
    x: KerasTensor, size: int, alpha: float, beta: float, k: float
) -> KerasTensor:
    """Divide by a power of the mean square of ``size`` neighbouring channels."""
    sides = ((0, 0),) * (len(x.shape) - 1) + ((size // 2, (size - 1) // 2),)
    squares, channels = ops.pad(ops.square(x), sides), x.shape[-1]
    sums = sum(squares[..., i : i + channels] for i in range(size))
    return x / ops.power(k + alpha / size * sums, beta)
'''
MEAN_OF_PIXELS = '''def mean_of_pixels(
    x: KerasTensor, size: Any, strides: Any, sides: tuple[tuple[int, int], ...]
) -> KerasTensor:
    """Average windows of a padded map without the padding."""
    ones = ops.ones_like(x[..., :1])
    sums, counts = (
        ops.average_pool(
            ops.pad(part, sides), size, strides, data_format="channels_last"
        )
        for part in (x, ones)
    )
    return sums / counts
'''

OWN = {
    "LearnedScale": LEARNED_SCALE,
    "Tokens": TOKENS,
    "RBF": RBF,
    "ConvTable": CONV_TABLE,
    "GlobalResponseNorm": GLOBAL_RESPONSE_NORM,
    "local_response_norm": LOCAL_RESPONSE_NORM,
    "mean_of_pixels": MEAN_OF_PIXELS,
}
