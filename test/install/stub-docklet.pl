#!/usr/bin/perl
# Stands in for the program in tests of the installer: has its verbs, writes down every call in /var/log/stub.log,
# and fails where a file /etc/stub-fails-<verb> says so. Perl, because a bare Debian has it.
use strict;
use warnings;
use IO::Socket::INET;

my $verb = join ' ', grep { !/^-/ } @ARGV;
sub text { local (@ARGV, $/) = @_; return -e $_[0] ? scalar <> : '' }
sub put { open my $f, '>', $_[0] or die "$_[0]: $!"; print $f $_[1]; close $f }

open my $log, '>>', '/var/log/stub.log' or die $!;
$log->autoflush(1);
print $log "@ARGV\n" unless $verb =~ /^(version|config)/;

if (my ($name) = $verb =~ /^(\w+)/) {
  if (-e "/etc/stub-fails-$name") { print STDERR "$name fails, as it was told to\n"; exit 1 }
}
my $conf = text('/etc/docklet/docklet.conf');
my ($prefix) = $conf =~ /^FS_PREFIX='?([^'\n]+)/m;
$prefix //= '/opt/docklet';
my ($port) = $conf =~ /^NGINX_PORT='?(\d+)/m;
$port //= 8080;
my ($worker) = $conf =~ /^WORKER_PORT='?(\d+)/m;
$port = $worker // 9001 if "@ARGV" =~ /--role=worker/;

if ($verb eq 'version') { print "docklet 9.9.9-@@VERSION@@\n" }
elsif ($verb =~ /^config validate/) { }
elsif ($verb eq 'doctor') { put('/etc/sysctl.d/60-docklet.conf', "kernel.keys.maxkeys = 2000\n") }
elsif ($verb eq 'image ls') {
  my $state = -e "$prefix/local/image" ? 'ready' : 'absent';
  print qq({"items":[{"name":"base","description":"x","state":"$state","warm":{"want":0,"have":0}}]}\n);
}
elsif ($verb =~ /^image build/) { put("$prefix/local/image", '') }
elsif ($verb =~ /^join/) {
  my ($file) = "@ARGV" =~ /--join-file (\S+)/;
  my $token = text($file);
  print $log "token $token";
  if ($token !~ /^DK1\.good\n$/) { print STDERR "error: This join token has expired.\n"; exit 1 }
  mkdir $_ for $prefix, "$prefix/local", "$prefix/local/identity";
  put("$prefix/local/identity/worker.json", '{}');
}
elsif ($verb eq 'cleanup') { unlink "$prefix/local/nodes" }
elsif ($verb eq 'serve') {
  my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 9, ReuseAddr => 1) or die $!;
  put("$prefix/local/master.db", '') unless "@ARGV" =~ /--role=worker/;
  put("$prefix/local/generated_password.txt", "secret\n");
  chmod 0600, "$prefix/local/generated_password.txt";
  put('/var/log/stub.env', join "\n", map { "$_=$ENV{$_}" } sort keys %ENV);
  put("$prefix/local/nodes", '');
  $SIG{TERM} = sub { print $log "serve stopped\n"; exit 0 };
  while (1) {
    my $c = $s->accept or next;
    while (<$c>) { last if /^\r?\n$/ }
    print $c "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
    close $c;
  }
}
else { print STDERR "no such verb: $verb\n"; exit 2 }
