"""Fuzz targets that are tests too."""

def fuzz_target(name, srcs, deps, corpus):
    """A libFuzzer target, and a test that replays its corpus.

    `bazel run --config=fuzz //fuzz:NAME -- CORPUS_DIR` searches for new inputs.
    `bazel test //fuzz:NAME_replay` runs every input of fuzz/corpus/NAME once, in any configuration;
    that is part of the ordinary test run.

    Args:
      name: of the target.
      srcs: sources that define LLVMFuzzerTestOneInput.
      deps: what they use.
      corpus: the inputs, files or a filegroup below fuzz/corpus/NAME.
    """
    native.cc_binary(
        name = name,
        srcs = srcs,
        deps = deps,
        linkopts = ["-fsanitize=fuzzer"],
        testonly = True,
        tags = ["manual"],
    )
    native.cc_test(
        name = name + "_replay",
        srcs = srcs + ["replay_main.cc"],
        args = ["$(rootpaths %s)" % label for label in corpus],
        data = corpus,
        deps = deps,
    )
