package store

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	watchIdle  = 30 * time.Second // silence after which the subscription is tested
	watchPause = 200 * time.Millisecond
)

// Watch gives a note whenever the person behind visitorID was changed, by any replica, linked or erased. Notes that
// nobody took yet are one. A note is also given when the subscription stands, at once if it does already, and after every
// loss of it, since changes may have been missed. The channel is closed when ctx ends or the store is closed.
//
// All watches of a process share one subscription, which exists only while somebody watches.
func (s *Store) Watch(ctx context.Context, visitorID string) (<-chan struct{}, error) {
	if err := ctx.Err(); err != nil {
		return nil, translate(ctx, err, 0)
	}
	ch := make(chan struct{}, 1)
	return ch, s.watcher.add(ctx, s.keys.person(visitorID).hash, ch)
}

// watcher passes published notes on.
type watcher struct {
	store *Store

	mu     sync.Mutex
	closed bool
	chans  map[string]map[chan struct{}]struct{} // by hash
	stop   context.CancelFunc                    // ends the subscription; nil when there is none
	stands bool                                  // no change is missed
	wait   sync.WaitGroup
}

func newWatcher(s *Store) *watcher {
	return &watcher{store: s, chans: make(map[string]map[chan struct{}]struct{})}
}

func (w *watcher) add(ctx context.Context, hash string, ch chan struct{}) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return unavailable(redis.ErrClosed, 0)
	}
	if w.chans[hash] == nil {
		w.chans[hash] = make(map[chan struct{}]struct{})
	}
	w.chans[hash][ch] = struct{}{}
	if w.stop == nil {
		life, stop := context.WithCancel(context.Background())
		w.stop = stop
		w.wait.Go(func() { w.run(life) })
	}
	if w.stands {
		give(ch)
	}
	context.AfterFunc(ctx, func() { w.remove(hash, ch) })
	return nil
}

func (w *watcher) remove(hash string, ch chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.chans[hash][ch]; !ok {
		return
	}
	close(ch)
	delete(w.chans[hash], ch)
	if len(w.chans[hash]) == 0 {
		delete(w.chans, hash)
	}
	if len(w.chans) == 0 {
		w.end()
	}
}

// end ends the subscription; w.mu is held.
func (w *watcher) end() {
	if w.stop != nil {
		w.stop()
		w.stop, w.stands = nil, false
	}
}

func (w *watcher) close() {
	w.mu.Lock()
	w.closed = true
	for _, set := range w.chans {
		for ch := range set {
			close(ch)
		}
	}
	w.chans = make(map[string]map[chan struct{}]struct{})
	w.end()
	w.mu.Unlock()
	w.wait.Wait()
}

// run holds the subscription until ctx ends.
func (w *watcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		sub := w.store.client.Subscribe(ctx, w.store.keys.notes())
		unhook := context.AfterFunc(ctx, func() { _ = sub.Close() }) // a blocked read does not see ctx
		w.receive(ctx, sub)
		unhook()
		_ = sub.Close()
		w.lose(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(watchPause):
		}
	}
}

// receive passes notes on until the subscription fails.
func (w *watcher) receive(ctx context.Context, sub *redis.PubSub) {
	tested := false
	for ctx.Err() == nil {
		msg, err := sub.ReceiveTimeout(ctx, watchIdle)
		switch {
		case err == nil:
			tested = false
		case timedOut(err) && !tested:
			tested = true
			if sub.Ping(ctx) != nil {
				return
			}
			continue
		default:
			return
		}
		switch m := msg.(type) {
		case *redis.Subscription:
			w.stand(ctx)
		case *redis.Message:
			w.notify(ctx, m.Payload)
		}
	}
}

// notify gives a note to who watches one of the hashes.
func (w *watcher) notify(ctx context.Context, hashes string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	for ; len(hashes) >= hashBytes; hashes = hashes[hashBytes:] {
		for ch := range w.chans[hashes[:hashBytes]] {
			give(ch)
		}
	}
}

// stand notes that the subscription stands, and gives everybody a note.
func (w *watcher) stand(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil { // another subscription may have taken its place
		return
	}
	w.stands = true
	for _, set := range w.chans {
		for ch := range set {
			give(ch)
		}
	}
}

// lose notes that changes may be missed from now on.
func (w *watcher) lose(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() == nil {
		w.stands = false
	}
}

func give(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
