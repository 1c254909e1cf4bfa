# A network or hardware file is found by its bare name below pkgdatadir once installed.
networksdir = $(pkgdatadir)/networks
dist_networks_DATA = \
	configs/networks/NOTICE \
	configs/networks/alexnet.onnx \
	configs/networks/deeplabv3_mobilenet_v3_large.onnx \
	configs/networks/efficientnet_b0.onnx \
	configs/networks/efficientnet_b3.onnx \
	configs/networks/mobilenet_v2.onnx \
	configs/networks/mobilenet_v3_large.onnx \
	configs/networks/mobilenet_v3_small.onnx \
	configs/networks/resnet101.onnx \
	configs/networks/resnet152.onnx \
	configs/networks/resnet18.onnx \
	configs/networks/resnet50.onnx \
	configs/networks/squeezenet1_0.onnx \
	configs/networks/squeezenet1_1.onnx \
	configs/networks/vgg16.onnx

hwdir = $(pkgdatadir)/hw
dist_hw_DATA = \
	configs/hw/default.yaml \
	configs/hw/edge-256k.yaml \
	configs/hw/edge-npu.yaml \
	configs/hw/eyeriss-like.yaml \
	configs/hw/mobile-1tops.yaml \
	configs/hw/server-hbm2.yaml

# An experiment is found by its name, too.
EXTRA_DIST += configs/experiments/README.md configs/experiments/paper
experimentsdir = $(pkgdatadir)/experiments
dist_experiments_DATA = \
	configs/experiments/buffer-sweep.yaml \
	configs/experiments/optimum.yaml \
	configs/experiments/small.yaml
