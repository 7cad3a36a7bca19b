"""Each command of the documents that say how to install is run on a cluster, or a table says why not."""

import pytest

from documents import FOLLOWED, INSTALL, NOT_RUN, SUBSTITUTIONS, blocks, commands, reason_not_to_run

# cluster_documents_test.py can run these, and sees what they answer.
CAN_RUN = ("helm install ", "helm test ", "helm uninstall ", "kubectl ", "curl ")


@pytest.mark.parametrize("document", FOLLOWED)
def test_every_command_is_run_or_has_a_reason(document):
    for command in commands(document):
        assert command.startswith(CAN_RUN) or reason_not_to_run(command), command


def test_no_substitution_and_no_reason_is_left_over():
    written = [command for document in FOLLOWED for command in commands(document)]
    for text, _, why in SUBSTITUTIONS:
        assert why and any(text in command for command in written), text
    for beginning in NOT_RUN:
        assert any(command.startswith(beginning) for command in written), beginning


def test_the_documents_install_and_ask():
    for document in FOLLOWED:
        assert any(command.startswith("helm install ") for command in commands(document))
    for beginning in CAN_RUN:
        assert any(command.startswith(beginning) for command in commands(INSTALL)), beginning


def test_blocks_are_what_a_shell_would_read():
    indented = "\n    a b \\\n      --c   # why\n    # only why\n\n    d &\n\n"
    text = indented + "- item\n    no block\n\n```sh\ne\n```\n\n```yaml\nf: g\n```\n"
    assert list(blocks(text)) == [["a b --c"], ["d &"], ["e"]]
