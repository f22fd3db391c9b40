import sys; sys.path[:0]=["/work/main","/work/main/tests","/work/main/tests/gui"]
from test_panel_trying import *
import threading, time
def test_x(tried, qtbot):
    one = tried("mlp_digits")
    log=open("/tmp/w/s/dbg_y.txt","w",buffering=1)
    one.controller.state_changed.connect(lambda *a: print(time.time(),"state",one.controller.state,file=log))
    one.controller.events.connect(lambda b: print([type(e).__name__ for e in b][-1],file=log))
    one.controller.train()
    t=time.time()
    while one.controller.state.is_active and time.time()-t<260:
        qtbot.waitUntil(lambda: not one.controller.state.is_active, timeout=250_000)
        print(one.controller.state,[x.name for x in threading.enumerate()], one.controller._timer.isActive(), one.controller._session,file=log)
    assert one.controller.state is RunState.FINISHED
