package store

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// reply is an error as a server sends it.
type reply string

func (r reply) Error() string { return string(r) }
func (reply) RedisError()     {}

func TestTranslate(t *testing.T) {
	live := context.Background()
	left, cancel := context.WithCancel(live)
	cancel()
	late, cancel := context.WithDeadline(live, time.Now().Add(-time.Second))
	defer cancel()
	contexts := map[string]context.Context{"live": live, "left": left, "late": late}
	for _, c := range []struct {
		caller string
		err    error
		kind   veiviser.Kind
		reason veiviser.Reason
	}{
		{"live", reply("LOADING Redis is loading the dataset in memory"), veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", reply("READONLY You can't write against a read only replica."), veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", reply("CLUSTERDOWN The cluster is down"), veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", reply("MISCONF Errors writing to the AOF file: No space left on device"), veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", reply("MASTERDOWN Link with MASTER is down"), veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", reply("TRYAGAIN Multiple keys request during rehashing of slot"), veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", reply("BUSY Redis is busy running a script."), veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", reply("NOAUTH Authentication required."), veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", reply("WRONGPASS invalid username-password pair"), veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", reply("NOPERM this user has no permissions"), veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", reply("NOREPLICAS Not enough good replicas to write."), veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", reply("OOM command not allowed when used memory > 'maxmemory'."), veiviser.KindExhausted, veiviser.ReasonOverloaded},
		{"live", reply("WRONGTYPE Operation against a key holding the wrong kind of value"), veiviser.KindInternal, veiviser.ReasonCorruptRecord},
		{"live", reply("CROSSSLOT Keys in request don't hash to the same slot"), veiviser.KindInternal, veiviser.ReasonInternal},
		{"live", reply("ERR syntax error 10.0.0.7"), veiviser.KindInternal, veiviser.ReasonInternal},
		{"live", redis.Nil, veiviser.KindInternal, veiviser.ReasonInternal},
		{"live", io.EOF, veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", &net.OpError{Op: "dial", Err: errors.New("connection refused 10.0.0.7")}, veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", os.ErrDeadlineExceeded, veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", context.DeadlineExceeded, veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", redis.ErrPoolTimeout, veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", redis.ErrClosed, veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", gobreaker.ErrOpenState, veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"live", gobreaker.ErrTooManyRequests, veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable},
		{"left", context.Canceled, veiviser.KindCanceled, veiviser.ReasonCanceled},
		{"late", os.ErrDeadlineExceeded, veiviser.KindDeadline, veiviser.ReasonDeadlineExceeded},
		{"late", conflict("the visitor"), veiviser.KindConflict, veiviser.ReasonConcurrentChange},
	} {
		err := translate(contexts[c.caller], c.err, time.Second)
		e, ok := errors.AsType[*veiviser.Error](err)
		if !ok || e.Kind != c.kind || e.Reason != c.reason {
			t.Errorf("%v became %v", c.err, err)
			continue
		}
		if (e.RetryAfter > 0) != (c.kind == veiviser.KindUnavailable) {
			t.Errorf("%v: retry after %v", c.err, e.RetryAfter)
		}
		if strings.ContainsAny(e.Message, "0123456789") || strings.Contains(e.Message, c.err.Error()) && c.kind != veiviser.KindConflict {
			t.Errorf("%v: the message tells of the driver: %q", c.err, e.Message)
		}
		if c.kind != veiviser.KindConflict && !errors.Is(err, c.err) {
			t.Errorf("%v: the cause is lost", c.err)
		}
	}
	if translate(live, nil, 0) != nil {
		t.Error("nothing became an error")
	}
}
