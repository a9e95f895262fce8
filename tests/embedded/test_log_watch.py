from mailer.embedded.log_watch import LogWatch

END = "2026-11-23 09:00:00,000 WARN exited: web (terminated by SIGKILL; not expected)\n"


def test_only_what_is_new_and_matters_is_told(tmp_path):
    log = tmp_path / "web.log"
    log.write_text("[ERROR] long ago\n")
    watch = LogWatch(tmp_path)
    assert watch.news() == []
    with log.open("a") as file:
        file.write("[INFO] fine\n[ERROR] broken\n")
    assert watch.news() == [f"web: [ERROR] broken (more in {log})"]
    assert watch.news() == []


def test_a_line_is_told_when_it_is_whole(tmp_path):
    log = tmp_path / "web.log"
    watch = LogWatch(tmp_path)
    log.write_text("half an ERR")
    assert watch.news() == []
    log.write_text("half an ERROR\n")
    assert watch.news() == [f"web: half an ERROR (more in {log})"]


def test_unexpected_ends_are_told_and_counted(tmp_path):
    watch = LogWatch(tmp_path)
    (tmp_path / "supervisord.log").write_text(END + "2026-11-23 INFO exited: web (exit status 0; expected)\n" + END)
    told = "web has ended unexpectedly (terminated by SIGKILL) and is started again."
    assert watch.news() == [told, told]
    assert watch.ends["web"] == 2


def test_a_rotated_log_is_read_from_its_beginning(tmp_path):
    log = tmp_path / "web.log"
    log.write_text("[INFO] a long line of the old file\n")
    watch = LogWatch(tmp_path)
    log.write_text("[ERROR] new\n")
    assert watch.news() == [f"web: [ERROR] new (more in {log})"]


def test_many_errors_do_not_bury_the_terminal(tmp_path):
    log = tmp_path / "web.log"
    watch = LogWatch(tmp_path)
    for _ in range(3):
        with log.open("a") as file:
            file.write("[ERROR] broken\n" * 1000)
        told = watch.news()
    assert told == []


def test_a_tail_is_of_this_run(tmp_path):
    log = tmp_path / "web.log"
    log.write_text("old\n")
    watch = LogWatch(tmp_path)
    with log.open("a") as file:
        file.write("".join(f"{number}\n" for number in range(100)))
    assert watch.tail("web", lines=2) == "98\n99"
    assert watch.tail("unknown") == ""


def test_of_a_line_of_json_its_sentence_is_told(tmp_path):
    log = tmp_path / "worker-1.log"
    watch = LogWatch(tmp_path)
    log.write_text('{"time": "2026-11-23T09:00:00", "level": "ERROR", "message": "The account is held"}\n')
    assert watch.news() == [f"worker-1: ERROR: The account is held (more in {log})"]
