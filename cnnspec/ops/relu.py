"""ReLU, the rectified linear unit: max(0, x), one comparison an element.

Source: Nair & Hinton (2010), Rectified linear units improve restricted Boltzmann machines.
"""

from cnnspec.ops.fields import flag
from cnnspec.ops.operator import Activation, Example


class Relu(Activation):
    title = "ReLU"
    per_element = {"comparisons": 1}

    inplace: bool = flag("whether the output takes the input's place in memory", default=False)

    examples = (
        Example("Krizhevsky, Sutskever & Hinton (2012), section 3.5: after the first layer, 290,400 neurons",
                ((96, 55, 55),), {}, (96, 55, 55)),
    )
