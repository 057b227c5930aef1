"""The papers that sources name, by the name under which they appear there."""

PAPERS = {
    "Ba, Kiros & Hinton 2016": "Layer Normalization, arXiv 1607.06450",
    "Bjorck and others 2018": "Understanding Batch Normalization, arXiv 1806.02375",
    "Cooijmans and others 2016": "Recurrent Batch Normalization, arXiv 1603.09025",
    "De & Smith 2020": (
        "Batch Normalization Biases Residual Blocks Towards the Identity Function in Deep "
        "Networks, arXiv 2002.10444"
    ),
    "Glorot & Bengio 2010": (
        "Understanding the difficulty of training deep feedforward neural networks, AISTATS"
    ),
    "Goodfellow, Bengio & Courville 2016": "Deep Learning, MIT Press",
    "Hoffer and others 2017": "Train longer, generalize better, arXiv 1705.08741",
    "Huang and others 2018": "Decorrelated Batch Normalization, arXiv 1804.08450",
    "Ioffe & Szegedy 2015": (
        "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate "
        "Shift, arXiv 1502.03167"
    ),
    "Keskar and others 2016": (
        "On Large-Batch Training for Deep Learning: Generalization Gap and Sharp Minima, "
        "arXiv 1609.04836"
    ),
    "Kessy, Lewin & Strimmer 2018": "Optimal Whitening and Decorrelation, arXiv 1512.00809",
    "Laurent and others 2015": "Batch Normalized Recurrent Neural Networks, arXiv 1510.01378",
    "LeCun, Bottou, Orr & Müller 1998": (
        "Efficient BackProp, in Neural Networks: Tricks of the Trade, Springer"
    ),
    "Li and others 2016": (
        "Revisiting Batch Normalization For Practical Domain Adaptation, arXiv 1603.04779"
    ),
    "Li and others 2018": "Visualizing the Loss Landscape of Neural Nets, arXiv 1712.09913",
    "Luo and others 2018": (
        "Towards Understanding Regularization in Batch Normalization, arXiv 1809.00846"
    ),
    "Santurkar and others 2018": (
        "How Does Batch Normalization Help Optimization?, arXiv 1805.11604"
    ),
    "Shimodaira 2000": (
        "Improving predictive inference under covariate shift by weighting the log-likelihood "
        "function, Journal of Statistical Planning and Inference 90"
    ),
    "Smith & Le 2018": (
        "A Bayesian Perspective on Generalization and Stochastic Gradient Descent, arXiv 1710.06451"
    ),
    "van Laarhoven 2017": (
        "L2 Regularization versus Batch and Weight Normalization, arXiv 1706.05350"
    ),
    "Vaswani and others 2017": "Attention Is All You Need, arXiv 1706.03762",
    "Wu & He 2018": "Group Normalization, arXiv 1803.08494",
    "Wu & Johnson 2021": 'Rethinking "Batch" in BatchNorm, arXiv 2105.07576',
    "Yang and others 2019": "A Mean Field Theory of Batch Normalization, arXiv 1902.08129",
}
