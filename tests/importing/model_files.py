"""Writes model files of Darknet and Caffe with the published structure of known networks."""

from tests.zoo.models.googlenet import ROWS

LEAKY = "batch_normalize=1\npad=1\nactivation=leaky"


def darknet_conv(filters: int, size: int, stride: int = 1) -> str:
    return f"[convolutional]\nfilters={filters}\nsize={size}\nstride={stride}\n{LEAKY}\n"


def darknet_head(filters: int, outputs: int = 255) -> str:
    """Three pairs of convolutions, then the layer that gives boxes."""
    pairs = (darknet_conv(filters, 1) + darknet_conv(2 * filters, 3)) * 3
    boxes = f"[convolutional]\nfilters={outputs}\nsize=1\nstride=1\npad=1\nactivation=linear\n"
    return pairs + boxes + "[yolo]\nmask=0,1,2\nclasses=80\n"


def darknet_step(filters: int, layer: int) -> str:
    """From a head to the next: back to its fifth layer, then a map that is twice as large."""
    route = "[route]\nlayers=-4\n" + darknet_conv(filters, 1) + "[upsample]\nstride=2\n"
    return f"{route}[route]\nlayers = -1, {layer}\n"


def yolov3(size: int = 416) -> str:
    """YOLOv3: Redmon & Farhadi (2018), arXiv 1804.02767, and its cfg file."""
    found = f"# yolov3\n[net]\nbatch=64\nwidth={size}\nheight={size}\nchannels=3\n"
    found += darknet_conv(32, 3)
    for filters, repeats in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
        unit = darknet_conv(filters // 2, 1) + darknet_conv(filters, 3)
        unit += "[shortcut]\nfrom=-3\nactivation=linear\n"
        found += darknet_conv(filters, 3, 2) + unit * repeats
    found += darknet_head(512) + darknet_step(256, 61) + darknet_head(256)
    return found + darknet_step(128, 36) + darknet_head(128)


class Prototxt:
    """The text of a network for Caffe, layer by layer."""

    def __init__(self, name: str, size: int):
        self.text = f'name: "{name}"\nlayer {{\n  name: "data" type: "Input" top: "data"\n'
        self.text += (
            f"  input_param {{ shape: {{ dim: 10 dim: 3 dim: {size} dim: {size} }} }}\n}}\n"
        )

    def add(
        self, name: str, kind: str, bottoms: list[str], settings: str = "", top: str = ""
    ) -> str:
        reads = " ".join(f'bottom: "{b}"' for b in bottoms)
        self.text += f'layer {{ name: "{name}" type: "{kind}" {reads} top: "{top or name}"\n'
        self.text += f"  {settings}\n}}\n"
        return top or name

    def conv(self, name: str, bottom: str, out: int, size: int, more: str = "") -> str:
        settings = f"convolution_param {{ num_output: {out} kernel_size: {size} {more} }}"
        self.add(name, "Convolution", [bottom], settings)
        return self.add(f"{name}/relu" if "/" in name else f"relu_{name}", "ReLU", [name], "", name)

    def pool(self, name: str, bottom: str, size: int, more: str, kind: str = "MAX") -> str:
        settings = f"pooling_param {{ pool: {kind} kernel_size: {size} {more} }}"
        return self.add(name, "Pooling", [bottom], settings)

    def lrn(self, name: str, bottom: str) -> str:
        settings = "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }"
        return self.add(name, "LRN", [bottom], settings)

    def dense(self, name: str, bottom: str, out: int) -> str:
        return self.add(
            name, "InnerProduct", [bottom], f"inner_product_param {{ num_output: {out} }}"
        )

    def drop(self, name: str, bottom: str, ratio: float) -> str:
        return self.add(
            name, "Dropout", [bottom], f"dropout_param {{ dropout_ratio: {ratio} }}", bottom
        )


def alexnet() -> str:
    """AlexNet as in the Caffe zoo's bvlc_alexnet: Krizhevsky, Sutskever & Hinton (2012)."""
    net = Prototxt("AlexNet", 227)
    x = net.lrn("norm1", net.conv("conv1", "data", 96, 11, "stride: 4"))
    x = net.conv("conv2", net.pool("pool1", x, 3, "stride: 2"), 256, 5, "pad: 2 group: 2")
    x = net.pool("pool2", net.lrn("norm2", x), 3, "stride: 2")
    x = net.conv("conv4", net.conv("conv3", x, 384, 3, "pad: 1"), 384, 3, "pad: 1 group: 2")
    x = net.pool("pool5", net.conv("conv5", x, 256, 3, "pad: 1 group: 2"), 3, "stride: 2")
    for name in ("fc6", "fc7"):
        x = net.add(f"relu_{name}", "ReLU", [net.dense(name, x, 4096)], "", name)
        x = net.drop(f"drop_{name}", x, 0.5)
    net.add("prob", "Softmax", [net.dense("fc8", x, 1000)])
    return net.text


def inception(net: Prototxt, name: str, x: str) -> str:
    one, before3, three, before5, five, pooled = ROWS[name]
    block = f"inception_{name}"
    parts = [net.conv(f"{block}/1x1", x, one, 1)]
    y = net.conv(f"{block}/3x3_reduce", x, before3, 1)
    parts.append(net.conv(f"{block}/3x3", y, three, 3, "pad: 1"))
    y = net.conv(f"{block}/5x5_reduce", x, before5, 1)
    parts.append(net.conv(f"{block}/5x5", y, five, 5, "pad: 2"))
    y = net.pool(f"{block}/pool", x, 3, "stride: 1 pad: 1")
    parts.append(net.conv(f"{block}/pool_proj", y, pooled, 1))
    return net.add(f"{block}/output", "Concat", parts)


def googlenet() -> str:
    """GoogLeNet as in the Caffe zoo's bvlc_googlenet, without its auxiliary classifiers."""
    net = Prototxt("GoogleNet", 224)
    x = net.conv("conv1/7x7_s2", "data", 64, 7, "pad: 3 stride: 2")
    x = net.lrn("pool1/norm1", net.pool("pool1/3x3_s2", x, 3, "stride: 2"))
    x = net.conv("conv2/3x3", net.conv("conv2/3x3_reduce", x, 64, 1), 192, 3, "pad: 1")
    x = net.pool("pool2/3x3_s2", net.lrn("conv2/norm2", x), 3, "stride: 2")
    for name in ROWS:
        x = inception(net, name, x)
        if name in ("3b", "4e"):
            x = net.pool(f"pool{name[0]}/3x3_s2", x, 3, "stride: 2")
    x = net.pool("pool5/7x7_s1", x, 7, "stride: 1", "AVE")
    x = net.drop("pool5/drop_7x7_s1", x, 0.4)
    net.add("prob", "Softmax", [net.dense("loss3/classifier", x, 1000)])
    return net.text
