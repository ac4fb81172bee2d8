package api

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/review"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// fake is every collaborator at once; a test sets the functions it needs.
type fake struct {
	recommend func(context.Context, veiviser.Request) (*decide.Reply, error)
	watch     func(context.Context, veiviser.Request, func(*decide.Reply) error) error
	explain   func(context.Context, string, string) (*decide.Reply, int, error)
	visitor   func(context.Context, string, string, time.Time) (*decide.Portrait, error)
	account   func(context.Context, string, string, time.Time) (*decide.AccountView, error)
	export    func(context.Context, string) (*decide.Portrait, []veiviser.Answer, error)
	record    func(context.Context, []veiviser.Event) ([]veiviser.EventResult, error)
	link      func(context.Context, string, []string) error
	erase     func(context.Context, string) (bool, error)
	check     func(*veiviser.Plan) ([]veiviser.Violation, []veiviser.PlanChange)
	publish   func(context.Context, *veiviser.Plan, uint64, string, string) (veiviser.PlanVersion, error)
	rollBack  func(context.Context, uint64, uint64) (veiviser.PlanVersion, error)
	version   func(context.Context, uint64) (veiviser.PlanVersion, error)
	versions  func(context.Context, uint64, int) ([]veiviser.PlanVersion, error)
	upsert    func(context.Context, []veiviser.Item) ([]veiviser.ItemResult, error)
	remove    func(context.Context, string, string) error
	item      func(string) (veiviser.Item, error)
	items     func(string, int, veiviser.ItemKind, string) ([]veiviser.Item, string, int)
	profiles  func(context.Context) ([]veiviser.SegmentProfile, error)
	shown     func() *learn.Shown
	replay    func(context.Context, int64, func(review.Progress) error) error
	evaluate  func(context.Context, *veiviser.Plan, review.Question) (review.Report, error)
	admit     func(context.Context, *veiviser.Plan) error // nil lets everything pass
}

func (f *fake) Recommend(ctx context.Context, r veiviser.Request) (*decide.Reply, error) {
	return f.recommend(ctx, r)
}

func (f *fake) Watch(ctx context.Context, r veiviser.Request, send func(*decide.Reply) error) error {
	return f.watch(ctx, r, send)
}

func (f *fake) Explain(ctx context.Context, id, lang string) (*decide.Reply, int, error) {
	return f.explain(ctx, id, lang)
}

func (f *fake) Visitor(ctx context.Context, id, lang string, at time.Time) (*decide.Portrait, error) {
	return f.visitor(ctx, id, lang, at)
}

func (f *fake) Account(ctx context.Context, id, lang string, at time.Time) (*decide.AccountView, error) {
	return f.account(ctx, id, lang, at)
}

func (f *fake) Export(ctx context.Context, id string) (*decide.Portrait, []veiviser.Answer, error) {
	return f.export(ctx, id)
}

func (f *fake) Record(ctx context.Context, e []veiviser.Event) ([]veiviser.EventResult, error) {
	return f.record(ctx, e)
}

func (f *fake) Link(ctx context.Context, c string, o []string) error { return f.link(ctx, c, o) }

func (f *fake) Erase(ctx context.Context, id string) (bool, error) { return f.erase(ctx, id) }

func (f *fake) Delete(ctx context.Context, id, etag string) error             { return f.remove(ctx, id, etag) }
func (f *fake) Item(id string) (veiviser.Item, error)                         { return f.item(id) }
func (f *fake) Profiles(c context.Context) ([]veiviser.SegmentProfile, error) { return f.profiles(c) }

func (f *fake) Shown() *learn.Shown { return f.shown() }

func (f *fake) Replay(ctx context.Context, n int64, report func(review.Progress) error) error {
	return f.replay(ctx, n, report)
}

func (f *fake) Evaluate(ctx context.Context, p *veiviser.Plan, q review.Question) (review.Report, error) {
	return f.evaluate(ctx, p, q)
}

func (f *fake) Admit(ctx context.Context, p *veiviser.Plan) error {
	if f.admit == nil {
		return nil
	}
	return f.admit(ctx, p)
}

func (f *fake) Check(p *veiviser.Plan) ([]veiviser.Violation, []veiviser.PlanChange) {
	return f.check(p)
}

func (f *fake) Publish(ctx context.Context, p *veiviser.Plan, n uint64, author, note string) (veiviser.PlanVersion, error) {
	return f.publish(ctx, p, n, author, note)
}

func (f *fake) RollBack(ctx context.Context, v, expected uint64) (veiviser.PlanVersion, error) {
	return f.rollBack(ctx, v, expected)
}

func (f *fake) Segments() ([]veiviser.Segment, error) {
	v, err := f.version(context.Background(), 0)
	return v.Plan.Segments, err
}

func (f *fake) Version(ctx context.Context, n uint64) (veiviser.PlanVersion, error) {
	return f.version(ctx, n)
}

func (f *fake) Versions(ctx context.Context, before uint64, limit int) ([]veiviser.PlanVersion, error) {
	return f.versions(ctx, before, limit)
}

func (f *fake) Upsert(ctx context.Context, items []veiviser.Item) ([]veiviser.ItemResult, error) {
	return f.upsert(ctx, items)
}

func (f *fake) Items(after string, limit int, k veiviser.ItemKind, topic string) ([]veiviser.Item, string, int) {
	return f.items(after, limit, k, topic)
}

// served is a server with its fakes, and a connection to it.
type served struct {
	*grpc.ClientConn
	fake *fake
	log  *lockedBuffer
}

func (s *served) decisions() veiviserv1.DecisionServiceClient {
	return veiviserv1.NewDecisionServiceClient(s.ClientConn)
}

func (s *served) visits() veiviserv1.VisitServiceClient {
	return veiviserv1.NewVisitServiceClient(s.ClientConn)
}

func (s *served) catalog() veiviserv1.CatalogServiceClient {
	return veiviserv1.NewCatalogServiceClient(s.ClientConn)
}

func (s *served) plans() veiviserv1.PlanServiceClient {
	return veiviserv1.NewPlanServiceClient(s.ClientConn)
}

func (s *served) insights() veiviserv1.InsightServiceClient {
	return veiviserv1.NewInsightServiceClient(s.ClientConn)
}

// serve starts a server over fakes; it ends with the test.
func serve(tb testing.TB, o Options) *served {
	tb.Helper()
	f, log := &fake{}, &lockedBuffer{}
	o.Log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := NewServer(Services{
		Decider: f, Accounts: f, Recorder: f, Plans: f, Catalog: f, Profiles: f, Learning: f, Reviewer: f, Switches: f,
	}, o)
	if err != nil {
		tb.Fatal(err)
	}
	l := bufconn.Listen(1 << 20)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Serve(l); err != nil {
			tb.Error(err)
		}
	}()
	conn, err := grpc.NewClient("passthrough:///bufconn", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := conn.Close(); err != nil {
			tb.Error(err)
		}
		s.Stop()
		<-done
	})
	return &served{ClientConn: conn, fake: f, log: log}
}

// lockedBuffer is a buffer that may be written and read at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// told is a voice that speaks in codes.
type told struct{}

func (told) Reason(b veiviser.Because) string       { return "because " + string(b.Code) }
func (told) Evidence(journey, signal string) string { return journey + " shows " + signal }
func (told) Representation(c veiviser.Choice) (veiviser.Representation, bool) {
	return veiviser.Representation{Format: c.Format, Title: "title of " + c.ItemID}, c.Representation >= 0
}

func (told) Summary(a *veiviser.Answer, i int) string {
	return "summary of " + a.Decisions[i].Placement
}

func (told) Briefing(a *veiviser.Answer, i int) []decide.Briefing {
	if !a.Decisions[i].Staff {
		return nil
	}
	return []decide.Briefing{{Code: decide.BriefStage, Text: "briefing for " + a.Decisions[i].Placement}}
}

func (told) Options(c veiviser.Choice) []decide.Option {
	return []decide.Option{{ID: "yes", Text: "an answer to " + c.ItemID}}
}
