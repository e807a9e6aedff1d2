# What all rules share: the configuration, paths, shards, and the digest of a rule's code.
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from snakemake.exceptions import WorkflowError
from strefer import configuration
from strefer.code_digest import code_of
from strefer.making import model_files
from strefer.videos import list_videos, shard_of
