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

# Trained weights, whichever scripts/train has made.
EXTRA_DIST += configs/models
modelsdir = $(pkgdatadir)/models
install-data-local:
	@for file in $(srcdir)/configs/models/*/*.safetensors; do \
	  test -e "$$file" || continue; \
	  folder='$(DESTDIR)$(modelsdir)'/`basename \`dirname "$$file"\``; \
	  $(MKDIR_P) "$$folder" && $(INSTALL_DATA) "$$file" "$$folder" || exit 1; \
	done
uninstall-local:
	@for file in $(srcdir)/configs/models/*/*.safetensors; do \
	  folder='$(DESTDIR)$(modelsdir)'/`basename \`dirname "$$file"\``; \
	  rm -f "$$folder"/`basename "$$file"`; \
	done
