/** The names of the tools whose lines to pull stand ready. */
export const pullText = {
  signIn: 'Sign in, unless it is public',
  docker: 'Docker',
  podman: 'Podman',
  containerd: 'containerd (ctr)',
  nerdctl: 'containerd (nerdctl)',
  skopeo: 'skopeo, into an archive',
  kubernetesSecret: 'Kubernetes: the secret, once for each namespace',
  kubernetes: 'Kubernetes: a pod',
  helm: 'Helm',
  helmInstall: 'Helm, install it',
  helmNeedsTag: 'Helm names a chart by its version, so there is no line by digest for it.',
  oras: 'ORAS',
  plainHttp:
    'This registry is reached without TLS. Docker and Kubernetes pull from it only when it is entered as an insecure registry there.',
}
